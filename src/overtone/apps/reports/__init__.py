"""Pages of one HTML file each, in the frame of a study's report; each has its own template."""
