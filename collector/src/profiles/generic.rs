//! A kubelet that somebody set up by hand.

use crate::profile::{Mark, NONE, Profile};
use crate::spec::Spec;

pub(crate) const PROFILE: Profile = Profile {
    spec: Spec {
        name: "generic",
        about: "a kubelet set up by hand",
        items: &[],
    },
    weak_marks: &[
        Mark::Unit("kubelet.service"),
        Mark::Path("/var/lib/kubelet"),
    ],
    ..NONE
};
