use super::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::net::Ipv4Addr;
use x509_parser::prelude::{FromDer as _, X509Certificate};

pub(super) fn case() -> Pseudonyms {
    Pseudonyms::new(CaseKey::from_random([7; 32]))
}

#[test]
fn addresses_of_one_subnet_stay_in_one_subnet_of_the_same_kind() {
    let mut case = case();
    let text = case.text(
        "10.1.2.3 10.1.2.200 10.9.0.1 192.168.4.4 172.20.0.9 93.184.216.34 2001:db8::5 2001:db8::6",
    );
    let words: Vec<&str> = text.split(' ').collect();
    let of = |at: usize| words[at].parse::<Ipv4Addr>().unwrap().octets();
    assert_eq!(of(0)[..3], of(1)[..3], "{text}");
    assert_ne!(of(0)[3], of(1)[3]);
    assert_ne!(of(0)[1], of(2)[1]);
    assert_eq!(of(0)[0], 10);
    assert_eq!(of(3)[..2], [192, 168]);
    assert!(of(4)[0] == 172 && (16..32).contains(&of(4)[1]), "{text}");
    let six = |at: usize| words[at].parse::<std::net::Ipv6Addr>().unwrap().segments();
    assert_eq!(six(6)[..4], six(7)[..4], "{text}");
    assert!(
        !text.contains("2001:db8") && !text.contains("93.184"),
        "{text}"
    );
}

#[test]
fn a_network_stays_a_network_that_holds_its_addresses() {
    let mut case = case();
    let text = case.text("10.244.0.0/16 10.244.7.9 10.0.0.0/8");
    let words: Vec<&str> = text.split(' ').collect();
    let (network, length) = words[0].split_once('/').unwrap();
    assert_eq!(length, "16");
    let network: Ipv4Addr = network.parse().unwrap();
    let address: Ipv4Addr = words[1].parse().unwrap();
    assert_eq!(network.octets()[2..], [0, 0], "{text}");
    assert_eq!(network.octets()[..2], address.octets()[..2], "{text}");
    assert_eq!(words[2], "10.0.0.0/8");
}

#[test]
fn what_range_an_address_is_of_can_still_be_seen() {
    let range = |address: Ipv4Addr| match address.octets() {
        [100, 64..=127, ..] => "shared",
        _ if address.is_loopback() => "loopback",
        _ if address.is_link_local() => "link-local",
        _ if address.is_private() => "private",
        _ => "public",
    };
    let mut case = case();
    for number in 0..4000_u32 {
        let address = Ipv4Addr::from_bits(number.wrapping_mul(2_654_435_761));
        for address in [
            address,
            Ipv4Addr::from_bits(address.to_bits() >> 8 | 10 << 24),
            Ipv4Addr::from_bits(address.to_bits() >> 10 | 100 << 24 | 1 << 22),
        ] {
            let shown = case.text(&address.to_string());
            assert_eq!(range(shown.parse().unwrap()), range(address), "{address}");
        }
    }
    for (address, start) in [("fd12::7", "fd"), ("fe80::7", "fe80:")] {
        assert!(case.text(address).starts_with(start), "{address}");
    }
}

#[test]
fn a_foreign_host_of_a_learned_domain_is_hidden_also_where_its_bare_name_stands() {
    let mut case = case();
    case.learn_host("worker-7.prod.acme.zz");
    let text = case.text("db-3.prod.acme.zz refused; vault.acme.zz too; db-3 is down");
    assert!(
        !text.contains("acme") && !text.contains("db-3") && !text.contains("vault"),
        "{text}"
    );
    assert!(text.ends_with(" is down"), "{text}");
}

#[test]
fn ids_of_clouds_keep_what_they_are_of() {
    let text = case().text("vpc-0abc1234def567890 subnet-0abc1234 ami-0abc1234def567890");
    let words: Vec<&str> = text.split(' ').collect();
    assert!(
        words[0].starts_with("vpc-") && words[0] != "vpc-0abc1234def567890",
        "{text}"
    );
    assert!(
        words[1].starts_with("subnet-") && words[1].len() == 15,
        "{text}"
    );
    assert_eq!(words[2], "ami-0abc1234def567890", "an image is public");
}

#[test]
fn what_is_new_in_the_map_is_told_once() {
    let mut case = case();
    let shown = case.text("10.1.2.3");
    let fresh = case.take_fresh();
    assert_eq!(fresh, [(shown, "10.1.2.3".to_owned())]);
    case.text("10.1.2.3");
    assert_eq!(case.take_fresh(), []);
}

#[test]
fn what_every_machine_has_stays() {
    let text = "127.0.0.1 ::1 0.0.0.0/0 169.254.169.254 224.0.0.1 255.255.255.0 ff02::1 localhost v1.36.2.1 1.2.3.4.5 \
        registry.k8s.io/pause:3.10 kubernetes.default.svc.cluster.local kubelet.service server.go:545 12:34:56.789 \
        00:00:00:00:00:00 system:nodes sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 \
        system@1000.service git/config.yaml io.containerd.grpc.v1.cri";
    assert_eq!(case().text(text), text);
}

#[test]
fn a_name_is_one_pseudonym_wherever_it_stands() {
    let mut case = case();
    case.learn_host("Worker-7.prod.acme.example");
    let text = case.text(
        "worker-7 system:node:worker-7 etcd-worker-7_x worker-70 db.prod.acme.example https://worker-7.prod.acme.example:6443",
    );
    let words: Vec<&str> = text.split(' ').collect();
    let name = words[0];
    assert!(name.starts_with('n') && name != "worker-7", "{text}");
    assert_eq!(words[1], format!("system:node:{name}"));
    assert_eq!(words[2], format!("etcd-{name}_x"));
    assert_eq!(words[3], "worker-70");
    let (_, domain) = words[4].split_once('.').unwrap();
    assert_eq!(words[5], format!("https://{name}.{domain}:6443"));
    assert!(
        domain.ends_with(".example") && !text.contains("acme"),
        "{text}"
    );
}

#[test]
fn ids_of_machines_keep_their_form() {
    let mut case = case();
    let text = case.text(
        "52:54:00:ab:cd:ef 547a60a0-42ba-611e-6192-cb4fde2d9fd9 547a60a042ba611e6192cb4fde2d9fd9 i-0abc1234def567890",
    );
    let words: Vec<&str> = text.split(' ').collect();
    assert!(words[0].starts_with("52:54:00:") && words[0] != "52:54:00:ab:cd:ef");
    assert_eq!(
        words[1].replace('-', ""),
        words[2],
        "both forms of one id: {text}"
    );
    assert_ne!(words[2], "547a60a042ba611e6192cb4fde2d9fd9");
    assert!(words[3].starts_with("i-") && words[3].len() == 19, "{text}");
}

#[test]
fn people_are_not_named() {
    let mut case = case();
    let text = case.text(
        "sshd[7]: Accepted publickey for ada.l from 93.184.216.34 port 22\nmail ada@acme.com CN=Ada L,OU=Ops,DC=acme,DC=com /home/ada.l/x",
    );
    for told in ["ada", "Ada", "acme", "Ops", "93.184"] {
        assert!(!text.contains(told), "{told}: {text}");
    }
    assert_eq!(text.lines().count(), 2);
    assert_eq!(
        case.text("session opened for user root"),
        "session opened for user root"
    );
}

#[test]
fn the_map_leads_back() {
    let mut case = case();
    case.learn_host("worker-7.acme.example");
    let original = "worker-7.acme.example 10.1.2.3 52:54:00:ab:cd:ef ada@acme.example\n";
    let cloaked = case.bytes(original.as_bytes());
    let revealed = reveal(&cloaked, case.map());
    assert_eq!(String::from_utf8(revealed).unwrap(), original);
}

#[test]
fn equal_under_one_key_only_and_never_twice() {
    let mut one = case();
    let mut other = Pseudonyms::new(CaseKey::from_random([8; 32]));
    assert_eq!(one.text("10.1.2.3"), case().text("10.1.2.3"));
    assert_ne!(one.text("10.1.2.3"), other.text("10.1.2.3"));
    one.learn_host("worker-7");
    let cloaked = one.text("worker-7");
    one.learn_host(&cloaked);
    assert_eq!(one.text(&cloaked), cloaked);
}

#[test]
fn a_certificate_keeps_what_the_diagnosis_asks_it() {
    let authority = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "kubernetes");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&authority).unwrap();
    let issuer = Issuer::new(params, authority);
    let mut params = CertificateParams::new(vec![
        "worker-7.acme.example".to_owned(),
        "10.1.2.3".to_owned(),
    ])
    .unwrap();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "system:nodes");
    params
        .distinguished_name
        .push(DnType::CommonName, "system:node:worker-7");
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let before = format!("{}{}", ca.pem(), leaf.pem());
    let mut case = case();
    let after = case.bytes(before.as_bytes());
    assert_eq!(
        after.split(|byte| *byte == b'\n').count(),
        before.split('\n').count()
    );
    let found = signers::all_in(&after);
    let (_, new_ca) = X509Certificate::from_der(&found[0]).unwrap();
    let (_, new_leaf) = X509Certificate::from_der(&found[1]).unwrap();
    let (_, old_leaf) = X509Certificate::from_der(leaf.der()).unwrap();
    assert!(new_leaf.verify_signature(Some(new_ca.public_key())).is_ok());
    assert!(new_ca.is_ca() && !new_leaf.is_ca());
    assert_eq!(new_leaf.validity().not_after, old_leaf.validity().not_after);
    let shown = format!(
        "{} {:?}",
        new_leaf.subject(),
        new_leaf.subject_alternative_name()
    );
    assert!(
        shown.contains("O=system:nodes") && shown.contains("CN=system:node:n"),
        "{shown}"
    );
    assert!(
        !shown.contains("worker-7") && !shown.contains("acme"),
        "{shown}"
    );
    assert_ne!(new_leaf.public_key().raw, old_leaf.public_key().raw);
}

#[test]
fn a_certificate_of_another_ca_of_the_same_name_stays_refuted() {
    let made = |seed: &str| {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "kubernetes");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let ca = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let leaf = CertificateParams::new(vec![seed.to_owned()]).unwrap();
        (
            ca,
            leaf.signed_by(&KeyPair::generate().unwrap(), &issuer)
                .unwrap(),
        )
    };
    let ((ca, _), (_, stranger)) = (made("one"), made("two"));
    let text = format!("{}{}", ca.pem(), stranger.pem());
    let after = case().bytes(text.as_bytes());
    let found = signers::all_in(&after);
    let (_, ca) = X509Certificate::from_der(&found[0]).unwrap();
    let (_, leaf) = X509Certificate::from_der(&found[1]).unwrap();
    assert_eq!(leaf.issuer().as_raw(), ca.subject().as_raw());
    assert!(leaf.verify_signature(Some(ca.public_key())).is_err());
}

#[test]
fn a_mask_that_stands_where_a_host_would_is_no_name() {
    let mut names = case();
    names.learn_text(
        b"proxy=http://REDACTED(userinfo)@proxy.acme.com:3128\nserver: https://REDACTED\n",
    );
    let kept = "token: abc123.REDACTED(bootstrap-token;valid-format=yes)";
    assert_eq!(names.text(kept), kept);
}

#[test]
fn the_listing_of_a_folder_in_home_is_no_account() {
    let mut case = case();
    let plan = "listings/home/kubernetes.json listings/home/alice.json";
    let told = case.text(plan);
    assert!(told.starts_with("listings/home/kubernetes.json"), "{told}");
    assert!(!told.contains("alice"), "{told}");
}
