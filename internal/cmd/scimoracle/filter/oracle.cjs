// Answers each line {filter, resource} on its input with true, false, or null for a filter that
// scim2-parse-filter does not read. The resources are the lines before, which have no filter.
const { parse, filter } = require("scim2-parse-filter");
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const resources = lines.filter((line) => line.filter === undefined);
for (const line of lines.filter((line) => line.filter !== undefined)) {
  let match = null;
  try {
    match = filter(parse(line.filter))(resources[line.resource]);
  } catch {}
  console.log(JSON.stringify(match));
}
