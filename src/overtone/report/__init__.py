"""What reports are made of: a page's frame, style, tables and charts, and pictures in own files."""
