use super::*;

fn parts(names: &[&str]) -> Parts {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Parts::of(&names)
}

fn labels(parts: &Parts) -> Vec<String> {
    parts.nodes().iter().map(Part::label).collect()
}

#[test]
fn a_plain_folder_is_one_node() {
    let parts = parts(&["kubelet.log", "logs/old/containerd.log", "a/b/c.txt"]);
    assert_eq!(labels(&parts), [""]);
    assert_eq!(parts.owner("a/b/c.txt"), Owner::Node(0));
}

#[test]
fn a_bundle_is_found_below_folders_that_were_added() {
    let names = [
        "case 7/from customer/nodebundle-w/bundle.json",
        "case 7/from customer/nodebundle-w/files/etc/hosts",
        "case 7/kubelet.log",
    ];
    let parts = parts(&names);
    let [part] = parts.nodes() else {
        panic!("{:?}", parts.nodes())
    };
    assert_eq!(part.layout, "native");
    assert_eq!(parts.source(names[1]), Source::File("/etc/hosts".into()));
    assert_eq!(
        parts.owner(names[2]),
        Owner::Node(0),
        "what stands beside the only bundle is of its node"
    );
    assert_eq!(
        parts.source(names[2]),
        Source::Journal("kubelet.service".into())
    );
}

#[test]
fn archives_packed_together_are_several_nodes() {
    let names = [
        "readme.txt",
        "w1.zip!/bundle.json",
        "w1.zip!/files/etc/hosts",
        "w2.tar.gz!/bundle.json",
        "w2.tar.gz!/files/etc/hosts",
    ];
    let parts = parts(&names);
    assert_eq!(labels(&parts), ["w1.zip", "w2.tar.gz"]);
    assert_eq!(parts.owner(names[2]), Owner::Node(0));
    assert_eq!(parts.owner(names[4]), Owner::Node(1));
    assert_eq!(parts.owner(names[0]), Owner::Nobody);
}

#[test]
fn an_archive_within_a_bundle_belongs_to_it() {
    let parts = parts(&[
        "bundle.json",
        "files/var/log/old.tar!/kubelet.log",
        "files/etc/hosts",
    ]);
    assert_eq!(labels(&parts), [""]);
}

#[test]
fn nodes_of_a_cluster_are_told_by_names_and_by_its_lists() {
    let mut parts = parts(&["kind-version.txt", "w2/journal.log", "w2/kubelet.log"]);
    assert_eq!(labels(&parts), ["w2"]);
    assert_eq!(parts.owner("kind-version.txt"), Owner::Cluster(0));
    assert_eq!(parts.reader_of("kind-version.txt"), Owner::Node(0));
    parts.add_listed(0, &["w1", "w2"].map(|node| (node.to_owned(), Vec::new())));
    assert_eq!(labels(&parts), ["w1", "w2"]);
    assert_eq!(parts.owner("w2/kubelet.log"), Owner::Node(1));
    assert_eq!(parts.reader_of("kind-version.txt"), Owner::Cluster(0));
}

#[test]
fn a_node_that_was_called_by_its_address_gets_its_name() {
    let mut parts = parts(&["kind-version.txt", "10.5.0.9/journal.log", "w1/journal.log"]);
    let listed = [("z9", "10.5.0.9"), ("w1", "10.5.0.2"), ("a0", "10.5.0.3")];
    let listed = listed.map(|(node, address)| (node.to_owned(), vec![address.to_owned()]));
    parts.add_listed(0, &listed);
    assert_eq!(labels(&parts), ["a0", "w1", "z9"]);
    assert_eq!(parts.owner("10.5.0.9/journal.log"), Owner::Node(2));
    assert_eq!(parts.owner("w1/journal.log"), Owner::Node(1));
}

#[test]
fn what_macos_adds_is_no_node_and_is_nobodys() {
    let names = [
        "kind-version.txt",
        "w1/journal.log",
        "w1/.DS_Store",
        "__MACOSX/w1/._journal.log",
    ];
    let parts = parts(&names);
    assert_eq!(labels(&parts), ["w1"]);
    assert_eq!(parts.owner(names[3]), Owner::Nobody);
    assert_eq!(parts.owner(names[2]), Owner::Nobody);
}

#[test]
fn a_cluster_without_nodes_is_one_part() {
    let mut parts = parts(&["nodes.json", "kube-system/pods.json", "default/events.json"]);
    parts.add_listed(0, &[]);
    assert_eq!(labels(&parts), [""]);
    assert_eq!(parts.reader_of("nodes.json"), Owner::Node(0));
}

#[test]
fn the_host_that_the_tool_ran_on_is_the_only_node_or_the_one_of_its_name() {
    let names = [
        "version.yaml",
        "cluster-resources/nodes.json",
        "host-collectors/system/hostos_info.json",
        "host-collectors/run-host/kubelet.txt",
    ];
    let listed = |nodes: &[&str], host: Option<&str>| {
        let mut parts = parts(&names);
        assert_eq!(parts.names_local_host(names[2]), Some(0));
        assert_eq!(parts.names_local_host(names[3]), None);
        let nodes: Vec<_> = nodes
            .iter()
            .map(|node| ((*node).to_owned(), Vec::new()))
            .collect();
        parts.add_listed(0, &nodes);
        parts.settle_local(0, host);
        (
            labels(&parts),
            parts.owner(names[3]),
            parts.reader_of(names[1]),
        )
    };
    let own = |labels: &[&str]| {
        labels
            .iter()
            .map(|one| (*one).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        listed(&[], None),
        (own(&[""]), Owner::Node(0), Owner::Node(0))
    );
    assert_eq!(
        listed(&["w1"], Some("desk")),
        (own(&["w1"]), Owner::Node(0), Owner::Node(0))
    );
    assert_eq!(
        listed(&["w1", "w2.lab"], Some("W2")),
        (own(&["w1", "w2.lab"]), Owner::Node(1), Owner::Cluster(0))
    );
    assert_eq!(
        listed(&["w1", "w2"], Some("desk")),
        (
            own(&["local host", "w1", "w2"]),
            Owner::Node(0),
            Owner::Cluster(0)
        )
    );
}

#[test]
fn a_copy_from_a_remote_host_is_of_the_node_that_its_folder_names() {
    let parts = parts(&[
        "version.yaml",
        "host-collectors/w1/system/memory.json",
        "host-collectors/w1/settings/kubelet.conf",
    ]);
    assert_eq!(labels(&parts), ["w1"]);
    assert_eq!(
        parts.owner("host-collectors/w1/settings/kubelet.conf"),
        parts.owner("host-collectors/w1/system/memory.json")
    );
}
