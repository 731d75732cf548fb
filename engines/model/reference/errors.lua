--- Errors of the machine: values with a kind, groups of them, and their text in a trace.
local errors = {}

--- An error of the library: "Timeout", "Aborted", "Broken"... with a word about why.
function errors.new(kind, why)
  return { kind = kind, why = why }
end

--- A group of errors, in the order in which they happened.
function errors.group(list)
  return { kind = "group", members = { table.unpack(list) } }
end

--- What stands in a trace; strings as they are.
function errors.describe(err)
  if type(err) == "string" then return err end
  if err.kind == "group" then
    local texts = {}
    for i, member in ipairs(err.members) do texts[i] = errors.describe(member) end
    return "group{" .. table.concat(texts, ", ") .. "}"
  end
  return err.why and ("%s(%s)"):format(err.kind, err.why) or err.kind
end

return errors
