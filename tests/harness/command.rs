//! What a client sends: a line of words, as one would type it into `redis-cli`, or exact bytes.

/// A command and its arguments.
pub trait Command {
    fn arguments(&self) -> Vec<Vec<u8>>;
}

/// Split at blanks; there is no quoting.
impl Command for str {
    fn arguments(&self) -> Vec<Vec<u8>> {
        self.split_ascii_whitespace().map(Vec::from).collect()
    }
}

impl Command for String {
    fn arguments(&self) -> Vec<Vec<u8>> {
        self.as_str().arguments()
    }
}

/// Each element is one argument as it stands.
impl<T: AsRef<[u8]>> Command for [T] {
    fn arguments(&self) -> Vec<Vec<u8>> {
        self.iter().map(|bytes| bytes.as_ref().to_vec()).collect()
    }
}

impl<T: AsRef<[u8]>, const N: usize> Command for [T; N] {
    fn arguments(&self) -> Vec<Vec<u8>> {
        self.as_slice().arguments()
    }
}

impl<T: AsRef<[u8]>> Command for Vec<T> {
    fn arguments(&self) -> Vec<Vec<u8>> {
        self.as_slice().arguments()
    }
}

impl<C: Command + ?Sized> Command for &C {
    fn arguments(&self) -> Vec<Vec<u8>> {
        (**self).arguments()
    }
}
