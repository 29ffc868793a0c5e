/**
 * One process that works at the analysis in a directory: `analyst.ts DIRECTORY OUTPUT`. Pictures are copied to OUTPUT.
 *
 * It says what it does as JSON lines on stdout, and may be killed at any moment: the next one does everything again from the start,
 * and what has been done is not done twice, for each run has an id.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Caisson } from "caisson/promise"
import { csv } from "./sales.ts"
import shop from "./shop.ts"
import { steps } from "./steps.ts"

const [directory = ".caisson-analysis", output = "."] = process.argv.slice(2)
const say = (kind: string, detail: unknown) => process.stdout.write(`${JSON.stringify({ kind, detail })}\n`)

await using caisson = await Caisson.open({ directory })
const isKnown = (await caisson.sessions()).some(({ session }) => session === "sales")
await using session = isKnown
  ? await caisson.resume("sales", shop)
  : await caisson.session({ ...shop, id: "sales", template: "python-data-analysis" })

if (!isKnown) {
  await session.files.write("sales.csv", csv())
  say("file", await session.files.stat("sales.csv"))
}

for (const [index, step] of steps.entries()) {
  let result = await session.run(step.code, { runId: `step-${index + 1}`, language: "python" })
  while (result.status === "paused") {
    say("paused", result.calls)
    // A person decides at another terminal. This process may live or die meanwhile.
    result = (await session.resume({ answerPatience: "10 minutes" })) ?? result
  }
  say("step", { ...step, ...result, number: index + 1 })
}

for (const { name } of await session.files.listArtifacts()) {
  const { bytes, mediaType } = await session.files.readArtifact(name)
  const path = join(output, name)
  writeFileSync(path, bytes)
  say("artifact", { path, mediaType, bytes: bytes.length })
}
