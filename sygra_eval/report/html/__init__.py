"""The report as one HTML file that needs nothing else: no network, no server, no other file.

`page` puts it together: the figures as tables and plots, then the rows, which `blocks` keeps
compressed in the file until someone opens one. `digest` is the one reading of the rows, `stories`
what the file keeps of each, `sections` the order in which a reader is told things. `plots` are pure
functions from numbers to a drawing and the table of the same numbers. All text goes through
`markup`, in the browser through `textContent`.
"""
