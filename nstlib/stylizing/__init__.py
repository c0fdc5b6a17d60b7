"""``nst stylize``: which pictures it reads and writes, and how it paints them one after the other."""
