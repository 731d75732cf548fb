--- W9: what plain `lua5.4` needs to print.
print "hello"
