/**
 * A script that waits for a person in the middle of a pipeline, and goes on in another process.
 *
 * A folder of invoices goes up, a shell script pays what is open and leaves a report, and the report comes down as an artifact.
 */
import assert from "node:assert/strict"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Caisson, tool } from "caisson/promise"

const here = mkdtempSync(join(tmpdir(), "caisson-shell-"))
process.on("exit", () => rmSync(here, { recursive: true, force: true }))
const directory = join(here, "home")

const invoices = join(here, "invoices")
mkdirSync(invoices)
writeFileSync(join(invoices, "ann.json"), JSON.stringify({ number: "I-1", total: 40, paid: true }))
writeFileSync(join(invoices, "bob.json"), JSON.stringify({ number: "I-2", total: 300, paid: false }))

const paid: Array<unknown> = []

const pay = tool("bank.pay", {
  description: "Pays an invoice",
  input: {
    type: "object",
    properties: { number: { type: "string" }, amount: { type: "integer" } },
    required: ["number", "amount"],
    additionalProperties: false
  },
  execute: (input: { readonly number: string; readonly amount: number }) => {
    paid.push(input)
    return { ...input, reference: `P-${paid.length}` }
  }
})

const grants = {
  tools: [pay],
  capabilities: [{ methods: "bank/pay", maxCalls: 10, mode: "ask" as const, description: "May this be paid?" }]
}

const script = `
set -euo pipefail
cat invoices/*.json | jq -r 'select(.paid | not) | [.number, .total] | @tsv' > open.tsv
while read -r number total; do
  tool bank.pay --number "$number" --amount "$total" | jq -r '"\\(.number) is paid: \\(.reference)"'
done < open.tsv | tee /tmp/outputs/report.txt`

/** Pays until somebody is needed. */
const begin = async () => {
  await using caisson = await Caisson.open({ directory })
  await using session = await caisson.session({ id: "invoices", ...grants })
  await session.files.uploadDirectory(invoices, "invoices")
  const { calls, status } = await session.run(script, { language: "shell" })
  console.log(status, calls[0]?.input) // paused { number: 'I-2', amount: 300 }
  return calls[0]?.id ?? ""
}

/** Goes on in the middle of the pipeline, as another process would. */
const goOn = async (call: string) => {
  await using caisson = await Caisson.open({ directory })
  await using session = await caisson.resume("invoices", grants)
  const { stdout, value } = await session.answer(call, { approve: true, by: "ann@example.com" })
  const report = await session.files.readArtifact("report.txt")
  return { stdout, value, mediaType: report.mediaType, report: Buffer.from(report.bytes).toString() }
}

const done = await goOn(await begin())
console.log(done)
assert.deepEqual(done, {
  stdout: "I-2 is paid: P-1\n",
  value: { exitCode: 0 },
  mediaType: "text/plain",
  report: "I-2 is paid: P-1\n"
})
assert.deepEqual(paid, [{ number: "I-2", amount: 300 }])
