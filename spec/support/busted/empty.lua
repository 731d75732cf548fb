--- A spec that asserts nothing, and one that does.
describe("a spec", function()
  it("without an assertion", function() end)
  it("with one", function() assert(true) end)
end)
