"""Pages of one HTML file each, in the frame of `overtone.report`; each has its own template."""
