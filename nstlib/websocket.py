"""For JupyterLab's server: let what a kernel says reach the browser as it comes.

    jupyter lab --ServerApp.kernel_websocket_connection_class=nstlib.websocket.Undelayed

The server otherwise leaves it to TCP to gather small messages (Nagle 1984, RFC 896): each waits until the one before
is acknowledged, for which a browser's system takes up to 40 ms. A studio's picture then waits behind "the kernel is
busy".
"""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

__all__ = ["Undelayed"]


class Undelayed(ZMQChannelsWebsocketConnection):
    """The server's usual connection between a browser and a kernel, whose small messages wait for no others.

    >>> Undelayed.__mro__[1].__name__
    'ZMQChannelsWebsocketConnection'
    """

    def connect(self):
        """Connect as usual, on a socket that gathers nothing."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
