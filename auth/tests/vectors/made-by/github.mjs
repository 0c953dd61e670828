// Signs and verifies with GitHub's own package, for vendors.py: a list of jobs on stdin, their results on stdout.
import { readFileSync } from "node:fs";
import { sign, verifyWithFallback } from "@octokit/webhooks-methods";

const jobs = JSON.parse(readFileSync(0, "utf8"));
const results = [];
for (const { secrets, body_hex, signature } of jobs) {
  const body = Buffer.from(body_hex, "hex").toString("utf8");
  const [first, ...others] = secrets;
  const verdict = () => verifyWithFallback(first, body, signature, others);
  results.push(signature === undefined ? await sign(first, body) : await verdict());
}
console.log(JSON.stringify(results));
