//! What a customer calls things in a cloud: paths of resources, and clusters.

use super::find::expression;
use super::{Literal, Pseudonyms, Swap, names, words};
use regex::bytes::{Captures, Regex};
use std::ops::Range;
use std::sync::LazyLock;

impl Pseudonyms {
    /// Names in paths of resources of AWS, Azure and Google, and in Azure's settings. Types, regions and public images stay.
    pub(super) fn swap_cloud(&mut self, text: &[u8], swaps: &mut Vec<Swap>) {
        for range in resources(text) {
            self.swap_place(text, range, "cloud", swaps);
        }
    }

    /// Replaces a name where it stands, unless it is a word that is replaced everywhere.
    pub(super) fn swap_place(
        &mut self,
        text: &[u8],
        range: Range<usize>,
        kind: &str,
        swaps: &mut Vec<Swap>,
    ) {
        let name = word(text, range.clone());
        let lower = name.to_ascii_lowercase();
        let everywhere = self.literals.contains_key(&lower) || self.has_learned_domain(&lower);
        if everywhere || !words::is_telling(&lower) || is_id(&name) {
            return;
        }
        let with = self.named(kind, &name).into_bytes();
        swaps.push(Swap { range, with });
    }

    /// Learns names of clusters, and of resources that cannot be mistaken for a word.
    pub(super) fn learn_cloud(&mut self, text: &[u8]) {
        for range in captured(&CLUSTER, text) {
            let name = word(text, range);
            let lower = name.to_ascii_lowercase();
            let is_word = lower.len() < 4 || NO_NAMES.contains(&lower.as_str());
            if words::is_telling(&lower) && !is_word && !names::is_public(&lower) && !is_id(&name) {
                self.literal(&lower, Literal::Cluster);
            }
        }
        for range in resources(text) {
            let name = word(text, range);
            if is_distinct(&name) && !is_id(&name) {
                self.literal(&name.to_ascii_lowercase(), Literal::Cloud);
            }
        }
    }
}

/// Whether a name is none of a language: it has a mark or a digit inside.
pub(super) fn is_distinct(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let mark = |letter: char| letter.is_ascii_digit() || "-_".contains(letter);
    words::is_telling(&lower) && lower.len() >= 6 && lower.contains(mark)
}

/// Ids have pseudonyms of their own.
fn is_id(name: &str) -> bool {
    let hex = name
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let aws = name.rsplit_once('-').is_some_and(|(kind, id)| {
        kind.len() <= 10
            && matches!(id.len(), 8 | 17)
            && id.bytes().all(|byte| byte.is_ascii_hexdigit())
            && id.bytes().any(|byte| byte.is_ascii_digit())
    });
    hex && name.len() >= 32 || aws
}

/// Names of resources in the text.
fn resources(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = captured(&AZURE_GROUP, text);
    found.extend(captured(&AZURE_SETTING, text));
    found.extend(captured(&GOOGLE_NODE, text));
    for path in captured(&ARN, text) {
        let parts = split(text, path, b"/:");
        let names = parts.iter().skip(usize::from(parts.len() > 1));
        found.extend(names.cloned());
    }
    for path in captured(&AZURE_PROVIDER, text) {
        found.extend(values(text, path));
    }
    for path in captured(&GOOGLE_PATH, text) {
        found.extend(values(text, path));
    }
    found
}

/// The values of `type/value/type/value`.
fn values(text: &[u8], path: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut kind: Option<String> = None;
    for part in split(text, path, b"/") {
        let name = word(text, part.clone());
        match kind.take() {
            None if name != "global" => kind = Some(name),
            Some(kind) if !PUBLIC.contains(&kind.as_str()) && !is_public_project(&name) => {
                found.push(part);
            }
            _ => {}
        }
    }
    found
}

/// Projects in which Google and others publish images.
fn is_public_project(name: &str) -> bool {
    name.ends_with("-cloud") || name == "gke-node-images" || name == "cos-cloud"
}

fn split(text: &[u8], range: Range<usize>, marks: &[u8]) -> Vec<Range<usize>> {
    let mut at = range.start;
    let whole = text.get(range).unwrap_or_default();
    let parts = whole.split(|byte| marks.contains(byte)).map(|part| {
        let part = at..at + part.len();
        at = part.end + 1;
        part
    });
    parts.filter(|part| !part.is_empty()).collect()
}

/// What the groups of an expression caught.
pub(super) fn captured(pattern: &LazyLock<Option<Regex>>, text: &[u8]) -> Vec<Range<usize>> {
    let groups = |found: Captures<'_>| -> Vec<Range<usize>> {
        let caught = found.iter().skip(1).flatten();
        caught.map(|group| group.range()).collect()
    };
    let found = pattern.iter();
    found
        .flat_map(|expression| expression.captures_iter(text).flat_map(groups))
        .collect()
}

fn word(text: &[u8], range: Range<usize>) -> String {
    String::from_utf8_lossy(text.get(range).unwrap_or_default()).into_owned()
}

static ARN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?-u)arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:([A-Za-z0-9_./:+=@-]+)")
});
static AZURE_GROUP: LazyLock<Option<Regex>> =
    LazyLock::new(|| expression(r"(?i-u)/resourceGroups/([a-z0-9_.()-]*[a-z0-9_()])"));
static AZURE_PROVIDER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?i-u)/providers/Microsoft\.[a-z.]+((?:/[a-z]+/[a-z0-9_.()-]*[a-z0-9_()])+)")
});
static AZURE_SETTING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(
        r#"(?i-u)"(?:resourceGroup|vnetName|vnetResourceGroup|subnetName|securityGroupName|securityGroupResourceGroup|routeTableName|routeTableResourceGroup|primaryAvailabilitySetName|primaryScaleSetName|loadBalancerName)"[ \t]*:[ \t]*"([a-z0-9_.()-]+)""#,
    )
});
static GOOGLE_PATH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(
        r"(?-u)\b(projects/[a-z0-9:.-]*[a-z0-9](?:/global)?(?:/[A-Za-z]+/[A-Za-z0-9_.-]*[A-Za-z0-9_])*)",
    )
});
static GOOGLE_NODE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    expression(r"(?-u)gce://([a-z0-9:.-]+)/[a-z0-9-]+/([A-Za-z0-9_.-]*[A-Za-z0-9])")
});
static CLUSTER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const NAME: &str = "([A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9])";
    let places = [
        r#"(?i:\bcluster[-_]?name)\\?["']?[ \t]*[:=][ \t]*\\?["']?@"#,
        r"kubernetes\.io/cluster/@",
        r#"^[ \t]+cluster:[ \t]+["']?@["']?[ \t]*\r?$"#,
        r"arn:aws[a-z-]*:eks:[a-z0-9-]*:[0-9]*:cluster/@",
        r"(?i:/managedClusters)/@",
        r"(?:/locations|/zones)/[a-z0-9-]+/clusters/@",
        r"\bgke_[a-z0-9-]+_[a-z0-9-]+_@",
        r"/etc/eks/bootstrap\.sh[ \t]+@",
    ];
    expression(&format!(
        "(?m-u)(?:{})",
        places.join("|").replace('@', NAME)
    ))
});

/// Types whose values are the cloud's own.
const PUBLIC: &[&str] = &[
    "zones",
    "regions",
    "locations",
    "machineTypes",
    "diskTypes",
    "acceleratorTypes",
    "images",
    "family",
    "licenses",
];

/// Words that stand where a cluster's name could.
const NO_NAMES: &[&str] = &["true", "false", "null", "none", "production", "development"];

#[cfg(test)]
mod tests {
    use super::super::tests::case;

    /// What is told of a text: with `-` in the place of each pseudonym.
    fn told(text: &str) -> String {
        let shown = case().text(text);
        let pseudonym = regex::Regex::new(r"(?:cloud|cluster)-[a-z2-7]{8}").unwrap();
        pseudonym.replace_all(&shown, "-").into_owned()
    }

    #[test]
    fn resources_keep_their_type_and_lose_their_name() {
        for (text, shown) in [
            (
                "arn:aws:iam::000000000000:role/acme-eks-node-role",
                "arn:aws:iam::000000000000:role/-",
            ),
            (
                "/resourceGroups/MC_acme_west/providers/Microsoft.Compute/virtualMachineScaleSets/aks-acme-vmss/virtualMachines/3",
                "/resourceGroups/-/providers/Microsoft.Compute/virtualMachineScaleSets/-/virtualMachines/3",
            ),
            (
                "projects/acme-prod-1/zones/europe-west1-b/instances/gke-acme-pool-x",
                "projects/-/zones/europe-west1-b/instances/-",
            ),
            (
                "projects/debian-cloud/global/images/debian-12",
                "projects/debian-cloud/global/images/debian-12",
            ),
            (
                "gce://acme-prod-1/europe-west1-b/gke-acme-pool-x",
                "gce://-/europe-west1-b/-",
            ),
            ("{\"vnetName\": \"acmenet\"}", "{\"vnetName\": \"-\"}"),
            (
                "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
                "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
            ),
        ] {
            assert_eq!(told(text), shown);
        }
    }

    #[test]
    fn a_cluster_has_one_pseudonym_wherever_it_stands() {
        let text = "contexts:\n- context:\n    cluster: acme\n    user: u\n  name: u@acme\nkubernetes.io/cluster/acme: owned\n";
        let shown = told(text);
        assert_eq!(shown.matches("acme").count(), 0, "{shown}");
        assert_eq!(shown.matches('-').count(), 4, "{shown}");
        for kept in [
            "  cluster: kubernetes\n",
            "  cluster: default\n",
            "cluster-name: \"\"",
            "clusterName: kubernetes",
            "cluster_name=true",
        ] {
            assert_eq!(told(kept), kept);
        }
    }

    #[test]
    fn a_resource_is_known_again_in_a_free_text() {
        let shown = told("arn:aws:iam::000000000000:role/acme-eks-role\nassumed acme-eks-role\n");
        assert!(shown.ends_with("\nassumed -\n"), "{shown}");
    }
}
