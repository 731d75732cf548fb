--- Runs busted under the Lua that runs this file, wherever busted is installed.
---
--- Takes busted's own options; the defaults are in .busted. The script `busted` is not used because it names
--- an interpreter of its own, which on Debian is Lua 5.1.
require "busted.runner" { standalone = false }
