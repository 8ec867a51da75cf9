//! Adds one table to a `Cargo.toml` and leaves everything else in it as it is.

use anyhow::Context as _;
use toml_edit::{DocumentMut, Item, Table, TableLike};

/// Adds the table `[package.metadata.<name>]` that `table` holds, below `[package]` and its other subtables.
pub(super) fn with_table(text: &str, name: &str, table: &str) -> anyhow::Result<String> {
    let mut document: DocumentMut = text.parse()?;
    let mut added: DocumentMut = table.parse()?;
    let absent = || format!("it holds no `{name}`");
    let mut item = subtable(&mut added, "metadata")?.remove(name).with_context(absent)?;
    if let Some(table) = item.as_table_mut() {
        // Without a position it follows the tables of `package`, after an empty line.
        table.set_position(None);
        let comment = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
        let prefix = format!("\n{comment}");
        table.decor_mut().set_prefix(prefix);
    }
    subtable(&mut document, "metadata")?.insert(name, item);
    Ok(super::with_line_ends_of(text, &document.to_string()))
}

/// A table below `[package]`, which is added if it is missing.
fn subtable<'d>(document: &'d mut DocumentMut, name: &str) -> anyhow::Result<&'d mut dyn TableLike> {
    let package =
        document.get_mut("package").and_then(Item::as_table_like_mut).context("there is no `[package]`")?;
    let mut absent = Table::new();
    absent.set_implicit(true);
    let table = package.entry(name).or_insert(Item::Table(absent)).as_table_like_mut();
    table.with_context(|| format!("`package.{name}` is not a table"))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    const TABLE: &str = "# Floe.\n[package.metadata.floe]\ntargets = [\n    \"a\",\n]\n";

    #[test]
    fn the_table_follows_the_package_and_the_rest_is_unchanged() {
        let text = "[package] # mine\nname = \"a\"\nkeywords = [\n  \"[x]\",\n  [\"[y]\"]\n]\n\n[package.metadata.deb]\n\
            text = \"\"\"\n[not.a.table]\n\\\"\"\"\"\n\n# Dependencies.\n[dependencies]\nb = \"1\" # b\n\n[[bin]]\nname='c'\n";
        expect![[r#"
            [package] # mine
            name = "a"
            keywords = [
              "[x]",
              ["[y]"]
            ]

            [package.metadata.deb]
            text = """
            [not.a.table]
            \""""

            # Floe.
            [package.metadata.floe]
            targets = [
                "a",
            ]

            # Dependencies.
            [dependencies]
            b = "1" # b

            [[bin]]
            name='c'
        "#]]
        .assert_eq(&with_table(text, "floe", TABLE).unwrap());
    }

    #[test]
    fn line_endings_are_kept() {
        assert_eq!(
            with_table("[package]\r\nname = 'a'\r\n\r\n[lib]\r\n", "floe", TABLE).unwrap(),
            "[package]\r\nname = 'a'\r\n\r\n# Floe.\r\n[package.metadata.floe]\r\ntargets = [\r\n    \"a\",\r\n]\r\n\r\n[lib]\r\n"
        );
        assert!(
            with_table("[package]\nname = 'a'", "floe", TABLE)
                .unwrap()
                .starts_with("[package]\nname = 'a'\n\n# Floe.\n[")
        );
    }

    #[test]
    fn metadata_in_other_notations_is_extended() {
        let inline = with_table("[package]\nmetadata = { deb = { a = 1 } }\n", "floe", TABLE).unwrap();
        let dotted = with_table("package.metadata.deb.a = 1\n", "floe", TABLE).unwrap();
        for text in [inline, dotted] {
            let document: DocumentMut = text.parse().unwrap();
            let metadata = &document["package"]["metadata"];
            assert_eq!(metadata["deb"]["a"].as_integer(), Some(1), "{text}");
            assert_eq!(metadata["floe"]["targets"][0].as_str(), Some("a"), "{text}");
        }
    }

    #[test]
    fn a_manifest_without_a_package_is_an_error() {
        for text in ["[workspace]\nmembers = [\"[package]\"]\n", "x = '''\n[package]\n'''\n", "package = 1\n"]
        {
            assert!(with_table(text, "floe", TABLE).unwrap_err().to_string().contains("no `[package]`"));
        }
        let error = with_table("[package]\nmetadata = 1\n", "floe", TABLE).unwrap_err();
        assert_eq!(error.to_string(), "`package.metadata` is not a table");
    }
}
