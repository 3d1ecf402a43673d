# Scripts and style sheets as they are sent: without indentation, blank lines and comments that fill a
# line. So no string or template literal in web/static may go over a line's end.
s/^ +//
/^\/\/ /d
/^\/\* .* \*\/$/d
/^$/d
