//! One picture, written as plain SVG: a panel for each thing that grows, time above, memory below, all axes logarithmic.
//!
//! Its colours follow the reader's light or dark scheme, and nothing in it is told by colour alone.

use std::fmt::Write as _;

/// The content of one panel.
pub struct Panel {
    /// The quantity that grows.
    pub title: &'static str,
    /// In what it is counted.
    pub unit: Unit,
    /// The lines.
    pub series: Vec<Series>,
}

/// One line.
pub struct Series {
    /// Its name.
    pub name: &'static str,
    /// Its points, from left to right.
    pub points: Vec<Point>,
}

/// One point.
pub struct Point {
    /// How much there was.
    pub at: u64,
    /// How long it took.
    pub seconds: f64,
    /// The most anonymous memory, in bytes.
    pub memory: u64,
}

/// The unit of an axis.
#[derive(Clone, Copy)]
pub enum Unit {
    /// Things.
    Count,
    /// Bytes, in powers of ten.
    Bytes,
    /// Seconds.
    Seconds,
    /// Memory, in MiB.
    Memory,
}

impl Unit {
    /// A value as it is written beside an axis.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Count => format!("{value:.0}"),
            Unit::Bytes if value >= 1e9 => format!("{:.0} GB", value / 1e9),
            Unit::Bytes => format!("{:.0} MB", value / 1e6),
            Unit::Seconds if value < 1.0 => format!("{:.0} ms", value * 1000.0),
            Unit::Seconds => format!("{value:.0} s"),
            Unit::Memory => format!("{value:.0} MiB"),
        }
    }
}

const WIDTH: f64 = 1080.0;
const HEIGHT: f64 = 664.0;
/// A panel's place: the left edge of the first, the distance between two, their width; the same downwards.
const ACROSS: (f64, f64, f64) = (78.0, 344.0, 272.0);
const DOWN: (f64, f64, f64) = (92.0, 262.0, 190.0);
/// Nothing smaller is told from nothing on a logarithmic axis.
const LEAST: f64 = 1e-3;
/// Dashes, so that lines differ without their colours.
const DASHES: [&str; 4] = ["none", "7 4", "2 3", "9 3 2 3"];
const STYLE: &str = "
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .quiet { fill: #57606a }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .line { fill: none; stroke-width: 2.2 }
  .c0 { stroke: #0969da; fill: #0969da } .c1 { stroke: #bc4c00; fill: #bc4c00 }
  .c2 { stroke: #1a7f37; fill: #1a7f37 } .c3 { stroke: #8250df; fill: #8250df }
  .sheet { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #9198a1 } .grid { stroke: #3d444d } .sheet { fill: #0d1117 }
    .c0 { stroke: #58a6ff; fill: #58a6ff } .c1 { stroke: #f0883e; fill: #f0883e }
    .c2 { stroke: #3fb950; fill: #3fb950 } .c3 { stroke: #bc8cff; fill: #bc8cff }
  }
  .line { fill: none }
";

/// The picture.
pub fn draw(panels: &[Panel]) -> String {
    let mut svg = String::new();
    let size = format!("width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\"");
    put(
        &mut svg,
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" {size} role=\"img\" aria-label=\"Time and memory of floe\">"
        ),
    );
    put(
        &mut svg,
        format!("<style>{STYLE}</style>\n<rect class=\"sheet\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>"),
    );
    text(
        &mut svg,
        (ACROSS.0 - 62.0, 26.0),
        "title",
        "start",
        "Time and memory of floe as the work grows; all axes are logarithmic",
    );
    for (row, (name, unit)) in
        [("time", Unit::Seconds), ("anonymous memory, peak", Unit::Memory)].into_iter().enumerate()
    {
        let values = panels.iter().flat_map(|panel| &panel.series).flat_map(|series| &series.points);
        let scale = Scale::upwards(values.map(|point| height(unit, point)));
        for (column, panel) in panels.iter().enumerate() {
            let corner = (ACROSS.0 + column as f64 * ACROSS.1, DOWN.0 + row as f64 * DOWN.1);
            let frame =
                Frame { corner, across: Scale::across(widths(panel)), up: scale, units: (panel.unit, unit) };
            frame.axes(&mut svg, column == 0);
            for (number, series) in panel.series.iter().enumerate() {
                frame.line(&mut svg, series, number);
            }
            if row == 0 {
                text(&mut svg, (corner.0, corner.1 - 32.0), "title", "start", panel.title);
            }
            text(&mut svg, (corner.0, corner.1 - 12.0), "quiet", "start", name);
        }
    }
    legend(&mut svg, panels);
    svg.push_str("</svg>\n");
    svg
}

fn height(unit: Unit, point: &Point) -> f64 {
    match unit {
        Unit::Memory => point.memory as f64 / f64::from(1 << 20),
        _ => point.seconds,
    }
}

fn widths(panel: &Panel) -> impl Iterator<Item = f64> {
    panel.series.iter().flat_map(|series| series.points.iter().map(|point| point.at as f64))
}

/// A logarithmic axis.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// From the lowest to the highest value.
    fn across(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) =
            values.fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = (low.max(LEAST).log10(), high.max(LEAST).log10());
        Scale { low, high: high.max(low + 0.1) }
    }

    /// The same to whole powers of ten, and at least two of them: what is level must look level.
    fn upwards(values: impl Iterator<Item = f64>) -> Self {
        let Scale { low, high } = Scale::across(values);
        let low = low.floor();
        Scale { low, high: high.ceil().max(low + 2.0) }
    }

    /// Where a value is, between 0 and 1.
    fn place(self, value: f64) -> f64 {
        (value.max(LEAST).log10() - self.low) / (self.high - self.low)
    }

    /// The powers of ten on it, and its end if that is far from the last of them.
    fn marks(self) -> Vec<f64> {
        let powers = (self.low - 0.01).ceil() as i32..=(self.high + 0.01).floor() as i32;
        let mut marks: Vec<f64> = powers.map(|power| 10_f64.powi(power)).collect();
        if self.high - self.high.floor() > 0.3 {
            marks.push(10_f64.powf(self.high));
        }
        marks
    }
}

/// One panel's lower or upper half.
struct Frame {
    corner: (f64, f64),
    across: Scale,
    up: Scale,
    units: (Unit, Unit),
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        self.corner.0 + 6.0 + self.across.place(value) * (ACROSS.2 - 12.0)
    }

    fn y(&self, value: f64) -> f64 {
        self.corner.1 + DOWN.2 - self.up.place(value) * DOWN.2
    }

    fn axes(&self, svg: &mut String, is_first: bool) {
        let ((left, top), (right, bottom)) =
            (self.corner, (self.corner.0 + ACROSS.2, self.corner.1 + DOWN.2));
        for value in self.up.marks() {
            let y = self.y(value);
            put(
                svg,
                format!(
                    "<line class=\"grid\" x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
                ),
            );
            if is_first {
                text(svg, (left - 8.0, y + 4.0), "quiet", "end", &self.units.1.show(value));
            }
        }
        for value in self.across.marks() {
            let x = self.x(value);
            put(
                svg,
                format!(
                    "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top:.1}\" y2=\"{bottom:.1}\"/>"
                ),
            );
            text(svg, (x, bottom + 18.0), "quiet", "middle", &self.units.0.show(value));
        }
    }

    fn line(&self, svg: &mut String, series: &Series, number: usize) {
        let places: Vec<(f64, f64)> = series
            .points
            .iter()
            .map(|point| (self.x(point.at as f64), self.y(height(self.units.1, point))))
            .collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dashes = DASHES[number % DASHES.len()];
        put(
            svg,
            format!(
                "<polyline class=\"c{number} line\" stroke-dasharray=\"{dashes}\" points=\"{}\"/>",
                path.join(" ")
            ),
        );
        for (x, y) in places {
            put(svg, format!("<circle class=\"c{number}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"));
        }
    }
}

/// The names of the lines, below the panels that have them.
fn legend(svg: &mut String, panels: &[Panel]) {
    let top = DOWN.0 + DOWN.1 + DOWN.2 + 44.0;
    for (column, panel) in panels.iter().enumerate() {
        let left = ACROSS.0 + column as f64 * ACROSS.1;
        for (number, series) in panel.series.iter().enumerate() {
            let y = top + number as f64 * 17.0;
            let dashes = DASHES[number % DASHES.len()];
            let ends = format!("x1=\"{left:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"", left + 30.0);
            put(svg, format!("<line class=\"c{number} line\" stroke-dasharray=\"{dashes}\" {ends}/>"));
            text(svg, (left + 38.0, y + 4.0), "", "start", series.name);
        }
    }
}

fn text(svg: &mut String, (x, y): (f64, f64), class: &str, anchor: &str, text: &str) {
    put(
        svg,
        format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"),
    );
}

fn put(svg: &mut String, line: String) {
    // Writing to a string does not fail.
    let _ = writeln!(svg, "{line}");
}
