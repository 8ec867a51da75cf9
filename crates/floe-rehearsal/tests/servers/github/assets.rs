//! Uploads and downloads, complete and broken.

use std::io::{Read as _, Write as _};

use floe_core::model::Digest;
use floe_rehearsal::interceptor::{Fault, What};
use http::Method;
use serde_json::{Value, json};

use super::{Hub, OWNER, each};

async fn draft(hub: &Hub) -> Value {
    hub.made(json!({ "tag_name": "v1.0.0", "draft": true })).await
}

#[tokio::test]
async fn an_upload_can_be_downloaded_byte_for_byte() {
    let hub = Hub::new().await;
    let release = draft(&hub).await;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n / 7) as u8).collect();
    let answer =
        hub.send(hub.uploading(&release, "floe%2B1.tar.gz&label=The%20archive", bytes.clone())).await;
    let asset = answer.json();
    assert_eq!(answer.status, 201);
    assert_eq!(
        (&asset["name"], &asset["label"], &asset["state"]),
        (&json!("floe+1.tar.gz"), &json!("The archive"), &json!("uploaded"))
    );
    assert_eq!((&asset["size"], &asset["digest"]), (&json!(3_000_000), &json!(Digest::of(&bytes))));
    assert_eq!(asset["content_type"], "application/gzip");
    let url = asset["url"].as_str().unwrap();
    assert_eq!(hub.get(url, OWNER).await.json(), asset);

    // The bytes of a draft's asset are downloaded by id.
    let octets = hub.request(Method::GET, url, OWNER).header("accept", "application/octet-stream");
    let found = hub.send(octets).await;
    assert_eq!(found.status, 302);
    let storage = found.header("location").to_owned();
    let answer = hub.get(&storage, "").await;
    assert_eq!((answer.status, answer.header("content-length")), (200, "3000000"));
    assert!(answer.bytes == bytes);
    let part = hub.send(hub.request(Method::GET, &storage, "").header("range", "bytes=2999990-")).await;
    assert_eq!((part.status, part.header("content-range")), (206, "bytes 2999990-2999999/3000000"));
    assert_eq!(part.bytes, bytes[2_999_990..]);
    let beyond = hub.send(hub.request(Method::GET, &storage, "").header("range", "bytes=3000000-")).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */3000000"));
    assert_eq!(hub.get(storage.replace("sig=", "sig=0").as_str(), "").await.status, 403);

    // Those of a published release are downloaded by name.
    hub.patch(release["url"].as_str().unwrap(), json!({ "draft": false })).await;
    let shown = hub.get(url, "").await.json();
    let latest = hub.get("/acme/floe/releases/latest/download/floe+1.tar.gz", "").await;
    assert_eq!(latest.header("location"), shown["browser_download_url"]);
    let found = hub.get(latest.header("location"), "").await;
    assert!(hub.get(found.header("location"), "").await.bytes == bytes);
    assert_eq!(hub.get("/acme/floe/releases/download/v1.0.0/other", "").await.status, 404);

    assert_eq!(hub.delete(url).await.status, 204);
    assert_eq!(hub.get(url, OWNER).await.status, 404);
    assert_eq!(hub.get(&storage, "").await.status, 404);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_a_starter() {
    let hub = Hub::new().await;
    let release = draft(&hub).await;
    hub.server.interceptor.inject(Fault::next("POST", "/assets?name=a.txt", What::CutRequest { after: 4 }));
    assert!(hub.uploading(&release, "a.txt", "0123456789").send().await.is_err());
    let assets = release["assets_url"].as_str().unwrap();
    let left = hub.get(assets, OWNER).await.json();
    assert_eq!(each(&left, "name"), ["a.txt"]);
    assert_eq!(
        (&left[0]["state"], &left[0]["size"], &left[0]["digest"]),
        (&json!("starter"), &json!(0), &json!(null))
    );
    let url = left[0]["url"].as_str().unwrap();
    let octets = hub.request(Method::GET, url, OWNER).header("accept", "application/octet-stream");
    assert_eq!(hub.send(octets).await.status, 404);

    let again = hub.upload(&release, "a.txt", b"0123456789").await;
    let taken = json!([{ "resource": "ReleaseAsset", "code": "already_exists", "field": "name" }]);
    assert_eq!((again.status, &again.json()["errors"]), (422, &taken));
    assert_eq!(hub.delete(url).await.status, 204);
    assert_eq!(hub.upload(&release, "a.txt", b"0123456789").await.status, 201);
}

#[tokio::test]
async fn a_client_that_dies_leaves_a_starter_too() {
    let hub = Hub::new().await;
    let release = draft(&hub).await;
    let (addr, id) = (hub.server.addr, &release["id"]);
    let (done, mut over) = tokio::sync::mpsc::unbounded_channel();
    hub.server.interceptor.after_each(move |seen| done.send(seen.status).unwrap());
    let head = format!(
        "POST /uploads/repos/acme/floe/releases/{id}/assets?name=a.txt HTTP/1.1\r\nhost: {addr}\r\n\
         user-agent: test\r\nauthorization: token {OWNER}\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\n0123"
    );
    let mut stream = std::net::TcpStream::connect(addr).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let assets = release["assets_url"].as_str().unwrap();
    let mut during = Vec::new();
    while during.is_empty() {
        during = each(&hub.get(assets, OWNER).await.json(), "state").into_iter().map(str::to_owned).collect();
        assert_eq!(over.recv().await, Some(200));
    }
    assert_eq!(during, ["open"]);
    drop(stream);
    assert_eq!(over.recv().await, Some(400));
    let kept = &hub.github.releases(&hub.repo)[0].assets[0];
    assert_eq!((kept.state(), kept.size), ("starter", 0));
    assert!(!hub.github.asset_file(kept.id).exists());
}

#[tokio::test]
async fn an_upload_may_succeed_although_its_response_fails() {
    let hub = Hub::new().await;
    let release = draft(&hub).await;
    let bad_gateway = What::DoThenAnswer { status: 502, body: "{\"message\":\"Server Error\"}".to_owned() };
    hub.server.interceptor.inject(Fault::next("POST", "name=a.txt", bad_gateway));
    hub.server.interceptor.inject(Fault::next("POST", "name=b.txt", What::CutAnswer { after: 9 }));
    hub.server.interceptor.inject(Fault::next("POST", "name=c.txt", What::Refuse));
    assert_eq!(hub.upload(&release, "a.txt", b"a").await.status, 502);
    let cut = hub.uploading(&release, "b.txt", "b").send().await.unwrap();
    assert!(cut.bytes().await.is_err());
    assert!(hub.uploading(&release, "c.txt", "c").send().await.is_err());
    let kept = hub.get(release["assets_url"].as_str().unwrap(), OWNER).await.json();
    assert_eq!((each(&kept, "name"), each(&kept, "state")), (vec!["a.txt", "b.txt"], vec!["uploaded"; 2]));
    let seen = hub.server.interceptor.log();
    let statuses: Vec<u16> = seen.iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [201, 502, 201, 0, 200]);
}

#[tokio::test]
async fn an_upload_needs_a_name_a_type_and_a_length() {
    let hub = Hub::new().await;
    let release = draft(&hub).await;
    let nameless = hub.upload(&release, "", b"a").await;
    assert_eq!((nameless.status, &nameless.json()["errors"][0]["field"]), (422, &json!("name")));
    let piece = futures_util::stream::iter([Ok::<_, std::io::Error>("abc")]);
    let chunked = hub.send(hub.uploading(&release, "a.txt", reqwest::Body::wrap_stream(piece))).await;
    assert_eq!(chunked.status, 400);
    let url = release["upload_url"].as_str().unwrap().replace("{?name,label}", "?name=a.txt");
    let untyped = hub.send(hub.request(Method::POST, &url, OWNER).body("a")).await;
    assert_eq!((untyped.status, &untyped.json()["errors"][0]["field"]), (422, &json!("content_type")));

    // Requests that client libraries do not send.
    let (addr, id) = (hub.server.addr, release["id"].clone());
    let raw = |length: &str| {
        let head = format!(
            "POST /uploads/repos/acme/floe/releases/{id}/assets?name=a.txt HTTP/1.1\r\nhost: {addr}\r\n\
             connection: close\r\nuser-agent: test\r\nauthorization: Bearer {OWNER}\r\n\
             content-type: text/plain\r\n{length}\r\n"
        );
        tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(addr).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        })
    };
    let unmeasured = raw("").await.unwrap();
    assert!(unmeasured.starts_with("HTTP/1.1 411 "), "{unmeasured}");
    let empty = raw("content-length: 0\r\n").await.unwrap();
    assert!(empty.contains("size must be greater than or equal to 1"), "{empty}");
    let huge = raw("content-length: 2147483649\r\n").await.unwrap();
    assert!(huge.contains("size must be less than or equal to 2147483648"), "{huge}");
    assert!(hub.github.releases(&hub.repo)[0].assets.is_empty());
}
