"""Pages of one HTML file each, in the style of a study's report: no network, escaped throughout."""
