pub(crate) fn x(){}
