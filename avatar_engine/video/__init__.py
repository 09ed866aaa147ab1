"""Reading and writing video: fragmented MP4 for the page, any file as pictures and sound."""
