"""Report formats, one file each: `render(facts)` gives the text, `SUFFIX` the file's ending."""
