//! The rule over many addresses: the tests of each kind of answer use the same tables.

use super::*;

/// Addresses on the internet, as a resolver or a link may have them.
const PUBLIC: [&str; 16] = [
    "https://objects.githubusercontent.com/x?y",
    "https://ghcr.io:443/token",
    "https://registry.example.org:8443",
    "https://ghcr.io./v2/",
    "https://bücher.example",
    "https://xn--bcher-kva.example",
    "https://8.8.8.8",
    "https://134744072",
    "https://172.15.255.255",
    "https://172.32.0.1",
    "https://100.63.255.255",
    "https://100.128.0.1",
    "https://192.167.1.1",
    "https://[2606:4700::1111]",
    "https://[2a00:1450:4001::200e]:8443",
    "https://localhost.example.org",
];

/// Addresses that only a server in a private network, or on this machine, may lead to.
const PRIVATE: [&str; 24] = [
    "https://10.0.0.1",
    "https://10.255.255.255:8443",
    "https://172.16.0.1",
    "https://172.31.255.255",
    "https://192.168.1.1",
    "https://192.168.1.1:443",
    "https://3232235777",
    "https://0xc0a80101",
    "https://0300.0250.1.1",
    "https://192.168.257",
    "https://192.168.1.1.",
    "https://１９２.168.1.1",
    "https://100.64.0.1",
    "https://100.127.255.255",
    "https://198.18.0.1",
    "https://[fc00::1]",
    "https://[fd00:ec2::254]",
    "https://[fec0::1]",
    "https://[64:ff9b:1::1]",
    "https://registry",
    "https://registry./",
    "https://printer.local",
    "https://metadata.google.internal",
    "https://router.home.arpa.",
];

/// Addresses that only a server on this machine may lead to.
const LOOPBACK: [&str; 16] = [
    "https://127.0.0.1",
    "https://127.0.0.1:8443",
    "https://127.1",
    "https://127.255.255.254",
    "https://2130706433",
    "https://0x7f.1",
    "https://0x7f000001",
    "https://0177.0.0.1",
    "https://127.0.0.1.",
    "https://127。0。0。1",
    "https://[::1]",
    "https://[0:0:0:0:0:0:0:1]:443",
    "https://localhost",
    "https://LOCALHOST.",
    "https://ⓛocalhost",
    "https://a.b.localhost",
];

/// Addresses that no server may lead to.
const NOWHERE: [&str; 44] = [
    "http://github.com",
    "http://10.0.0.1/latest/meta-data/",
    "http://169.254.169.254",
    "ftp://example.org",
    "file:///etc/passwd",
    "data:,x",
    "ssh://git@example.org",
    "gopher://127.0.0.1:6379/_x",
    "https://user@example.org",
    "https://user:password@example.org",
    "https://:password@example.org",
    "https://ghcr.io@10.0.0.1",
    "https://example.org:0",
    "https://0.0.0.0",
    "https://0",
    "https://0.1.2.3",
    "https://169.254.169.254",
    "https://2852039166",
    "https://0xa9fea9fe",
    "https://169.254.1.1:8443",
    "https://192.0.0.192",
    "https://192.0.2.1",
    "https://192.88.99.1",
    "https://198.51.100.1",
    "https://203.0.113.1",
    "https://224.0.0.1",
    "https://239.255.255.250",
    "https://240.0.0.1",
    "https://255.255.255.255",
    "https://[::]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:10.0.0.1]",
    "https://[::ffff:8.8.8.8]",
    "https://[::127.0.0.1]",
    "https://[::ffff:0:169.254.169.254]",
    "https://[64:ff9b::7f00:1]",
    "https://[64:ff9b::808:808]",
    "https://[2002:7f00:1::]",
    "https://[2001::1]",
    "https://[2001:db8::1]",
    "https://[fe80::1]",
    "https://[ff02::1]",
    "https://[100::1]",
    "https://a..example.org",
];

/// Every address that a server on the internet must not lead to, as far as a header can hold it. `localhost` is the name
/// of such a server in tests, so it leads to itself.
pub(crate) fn refused_from_public() -> impl Iterator<Item = String> {
    let all = [&PRIVATE[..], &LOOPBACK, &NOWHERE].concat();
    all.into_iter()
        .filter(|to| to.is_ascii() && !to.to_lowercase().contains("//localhost"))
        .map(str::to_owned)
}

impl Endpoint {
    /// A server of this machine that counts as one on the internet.
    pub(crate) fn public_at(label: &'static str, mut url: Url) -> Self {
        url.set_host(Some("localhost")).unwrap();
        Endpoint { label, url, is_given: true, limit: Network::Public }
    }
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn a_server_leads_to_none_that_is_nearer_than_itself() {
    let servers = [
        (Network::Public, "https://ghcr.io"),
        (Network::Private, "https://10.9.9.9"),
        (Network::Loopback, "http://127.0.0.9:5000"),
    ];
    for (network, from) in servers {
        let from = Endpoint::given("the registry", from).unwrap();
        let tables = [
            (Some(Network::Public), &PUBLIC[..]),
            (Some(Network::Private), &PRIVATE),
            (Some(Network::Loopback), &LOOPBACK),
            (None, &NOWHERE),
        ];
        for (place, table) in tables {
            for to in table {
                let may_lead = place.is_some_and(|place| place <= network);
                let led = from.lead(network, &url(to));
                assert_eq!(led.is_ok(), may_lead, "{} to {to}: {:?}", from.url, led.err());
            }
        }
    }
}

#[test]
fn a_server_that_was_led_to_leads_no_nearer_than_it_is() {
    let given = Endpoint::given("the registry", "http://127.0.0.1:5000").unwrap();
    for (to, limit) in [
        ("https://ghcr.io", Network::Private),
        ("https://8.8.8.8", Network::Public),
        ("https://10.0.0.1", Network::Private),
        ("http://127.0.0.2", Network::Loopback),
        ("http://localhost:1", Network::Loopback),
    ] {
        let led = given.lead(Network::Loopback, &url(to)).unwrap();
        assert_eq!((led.is_given, led.limit), (false, limit), "{to}");
    }
    // Another path of the same server is no other server.
    let same = given.lead(Network::Loopback, &url("http://127.0.0.1:6000/x")).unwrap();
    assert_eq!((same.is_given, same.limit), (true, Network::Loopback));
}

#[test]
fn plain_http_is_only_led_to_from_this_machine_to_itself() {
    for (network, from, to, is_used) in [
        (Network::Loopback, "http://127.0.0.1:1", "http://127.0.0.1:2/token", true),
        (Network::Loopback, "http://127.0.0.1:1", "http://[::1]:2", true),
        (Network::Loopback, "https://localhost:1", "http://localhost:2", true),
        (Network::Loopback, "http://127.0.0.1:1", "http://10.0.0.1", false),
        (Network::Private, "https://10.0.0.1", "http://10.0.0.1", false),
        (Network::Private, "https://10.0.0.1", "http://127.0.0.1", false),
        (Network::Public, "https://ghcr.io", "http://ghcr.io/token", false),
        (Network::Public, "https://ghcr.io", "http://localhost", false),
    ] {
        let led = Endpoint::given("the registry", from).unwrap().lead(network, &url(to));
        assert_eq!(led.is_ok(), is_used, "{from} {to}");
    }
}

#[test]
fn resolved_addresses_count_by_where_their_packets_go() {
    for (address, network) in [
        ("8.8.8.8", Some(Network::Public)),
        ("2606:4700::1", Some(Network::Public)),
        // A network with IPv6 only reaches servers with IPv4 only like this (DNS64).
        ("64:ff9b::808:808", Some(Network::Public)),
        ("64:ff9b::a00:1", Some(Network::Private)),
        ("64:ff9b::7f00:1", Some(Network::Loopback)),
        ("::ffff:127.0.0.1", Some(Network::Loopback)),
        ("::ffff:169.254.169.254", None),
        ("::ffff:0:10.0.0.1", Some(Network::Private)),
        ("::10.0.0.1", Some(Network::Private)),
        ("2002:a00:1::1", Some(Network::Private)),
        ("2002:808:808::1", Some(Network::Public)),
        ("127.0.1.1", Some(Network::Loopback)),
        ("100.64.0.1", Some(Network::Private)),
        ("fd12::1", Some(Network::Private)),
        ("fe80::1", None),
        ("::", None),
        ("0.0.0.0", None),
        ("255.255.255.255", None),
        ("5f00::1", None),
        ("3fff::1", None),
    ] {
        assert_eq!(Network::of(address.parse().unwrap()), network, "{address}");
    }
}

#[test]
fn a_site_is_no_public_suffix() {
    let same = |one: &str, other: &str| {
        let [one, other] = [one, other].map(|host| format!("https://{host}"));
        Endpoint::given("the registry", &one).unwrap().is_same_site(&url(&other))
    };
    for (one, other) in [
        ("ghcr.io", "ghcr.io"),
        ("ghcr.io", "ghcr.io."),
        ("ghcr.io:443", "ghcr.io"),
        ("registry.gitlab.com", "gitlab.com"),
        ("registry-1.docker.io", "auth.docker.io"),
        ("registry.x.co.uk", "auth.x.co.uk"),
        ("10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "localhost"),
    ] {
        assert!(same(one, other) && same(other, one), "{one} {other}");
    }
    for (one, other) in [
        ("ghcr.io", "evil.io"),
        ("a.co.uk", "b.co.uk"),
        ("a.com", "com"),
        ("10.0.0.1", "8.8.0.1"),
        ("10.0.0.1", "10.0.0.2"),
        ("ghcr.io", "ghcr.io.evil.org"),
        ("ghcr.io", "notghcr.io"),
        ("ghcr.io", "xn--ghcr-4pa.io"),
        ("127.0.0.1", "ghcr.io"),
    ] {
        assert!(!same(one, other) && !same(other, one), "{one} {other}");
    }
}

#[test]
fn a_password_in_an_address_is_not_shown() {
    for wrong in
        ["https://user:s3cret@host:port", "https://user:s3cret@ghcr.io", "http://u:s3cret@example.org"]
    {
        let error = Endpoint::given("GitHub", wrong).unwrap_err();
        assert!(!format!("{error:#} {error:?}").contains("s3cret"), "{error:?}");
    }
}

#[test]
fn a_given_server_has_tls_or_is_this_machine() {
    for (fine, limit) in [
        ("https://api.github.com", Network::Private),
        ("https://10.0.0.1", Network::Private),
        ("http://127.0.0.1:5000", Network::Loopback),
        ("http://[::1]:1", Network::Loopback),
        ("http://localhost:80", Network::Loopback),
    ] {
        let endpoint = Endpoint::given("GitHub", fine).unwrap();
        assert!(endpoint.is_given && endpoint.limit == limit, "{fine}");
    }
    for wrong in [
        "http://api.github.com",
        "http://10.0.0.1",
        "ftp://x",
        "api.github.com",
        "https://u:p@ghcr.io",
        "http://127.0.0.1.x.org",
        "http://a.localhost",
        "https://ghcr.io?x=1",
        "https://ghcr.io/#x",
    ] {
        assert!(Endpoint::given("GitHub", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn requests_are_below_the_path_of_the_given_address() {
    for base in ["https://github.acme.org/api/v3", "https://github.acme.org/api/v3/"] {
        let endpoint = Endpoint::given("GitHub", base).unwrap();
        let below = endpoint.below("/repos/acme/tool?page=2").unwrap();
        assert_eq!(below.as_str(), "https://github.acme.org/api/v3/repos/acme/tool?page=2");
    }
}
