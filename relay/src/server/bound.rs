//! The socket of a listener, with room for a crowd that comes at once: whom the system cannot keep until they are accepted
//! it lets try again after a second, or hangs up on.

use std::{io, net::SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// So many may wait to be accepted, where the system keeps as many (`net.core.somaxconn`).
const ROOM: u32 = 4096;

/// Listens from now on, in the runtime that is around.
pub(crate) fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Connections of the one before, which are still coming to their end, keep nobody from starting again.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(ROOM)
}
