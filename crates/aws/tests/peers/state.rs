//! A deployment's state in stores that nobody here wrote, over HTTP. Neither minds the expected owner.

use std::time::Duration;

use conductor::{Clock, Objects, Written};
use upgrade::{BucketSeen, Trial, Versions};

use crate::Peer;
use crate::ministack::ministack;

#[tokio::test]
async fn moto_keeps_a_state() {
    let peer = Peer::start("moto_server", |command, port| {
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    })
    .await;
    keeps_a_state(&peer).await;
}

#[tokio::test]
async fn ministack_keeps_a_state() {
    keeps_a_state(&ministack("s3,sts").await).await;
}

async fn keeps_a_state(peer: &Peer) {
    let cloud = peer.cloud();
    let url = cloud.upload_template("bucket", "a template.yaml", b"Resources: {}").await.expect("uploaded");
    assert_eq!(cloud.get_template(&url).await.expect("read"), b"Resources: {}");
    let objects = cloud.state_objects("bucket", "state", Some("123456789012")).await.expect("there");

    assert_eq!(objects.get("claim").await, Ok(None));
    assert_eq!(objects.replace("claim", "\"0\"", b"early".to_vec()).await, Ok(Written::NotNow));
    let Written::Now { etag } = objects.create("claim", b"one".to_vec()).await.expect("answered") else {
        panic!("nothing was there")
    };
    assert_eq!(objects.create("claim", b"two".to_vec()).await, Ok(Written::NotNow));
    assert_eq!(objects.replace("claim", "\"0\"", b"two".to_vec()).await, Ok(Written::NotNow));
    Clock::system().sleep(Duration::from_millis(1100)).await;
    let found = objects.get("claim").await.expect("answered").expect("it is there");
    assert_eq!((found.body.as_slice(), &found.etag), (&b"one"[..], &etag));
    assert!((Duration::from_secs(1)..Duration::from_secs(60)).contains(&found.age), "{:?}", found.age);
    let replaced = objects.replace("claim", &etag, b"two".to_vec()).await;
    assert!(matches!(&replaced, Ok(Written::Now { etag: new }) if *new != etag), "{replaced:?}");
    assert_eq!(objects.replace("claim", &etag, b"three".to_vec()).await, Ok(Written::NotNow));

    let odd = "a+b c%20d/ü€/=&?#;,:@$!'()*[]{}|\\^`~\"<>/.hidden/..dots";
    objects.create(odd, b"odd".to_vec()).await.expect("written");
    let found = objects.get(odd).await.expect("answered").expect("it is there");
    assert_eq!(found.body, b"odd");
    // More than a page.
    for number in 0..1003 {
        objects.create(&format!("records/{number:05}"), Vec::new()).await.expect("written");
    }
    assert_eq!(objects.list("", "").await.map(|keys| keys.len()), Ok(1005));
    assert_eq!(objects.list("", "").await.map(|keys| keys.first().cloned()), Ok(Some(odd.to_owned())));
    assert_eq!(
        objects.list("records/", "records/01000").await,
        Ok(vec!["records/01001".to_owned(), "records/01002".to_owned()])
    );
    assert_eq!(
        objects.inspect_bucket("word").await.0,
        BucketSeen {
            trial: Ok(Trial::Holds),
            public: Ok(false),
            expired_by: Ok(None),
            locked_days: Ok(None),
            versions: Ok(Versions::NotKept),
        }
    );
}
