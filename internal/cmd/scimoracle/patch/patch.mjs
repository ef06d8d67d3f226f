// Reads cases {resource, operations}, one a line, and writes them with results: for each operation the
// resource after it, or the name of the error that ended the case.
import { createInterface } from 'node:readline';
import scim from 'scim-patch';

for await (const line of createInterface({ input: process.stdin })) {
  const { resource, operations } = JSON.parse(line);
  const results = [];
  let current = resource;
  for (const operation of operations) {
    try {
      current = scim.scimPatch(structuredClone(current), [structuredClone(operation)]);
      results.push({ resource: structuredClone(current) });
    } catch (error) {
      results.push({ error: error.constructor.name });
      break;
    }
  }
  console.log(JSON.stringify({ resource, operations, results }));
}
