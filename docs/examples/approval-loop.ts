/**
 * A desk at which people decide. Agents run, pause and let go of their sessions; the desk finds what waits, asks, and answers.
 *
 * Agent and desk share nothing but a directory: they could as well be two processes, days apart.
 */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Answer, Caisson, tool, type WaitingCall } from "caisson/promise"

const directory = mkdtempSync(join(tmpdir(), "caisson-desk-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const removed: Array<string> = []

const remove = tool("files.remove", {
  description: "Removes a file",
  input: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
  execute: ({ path }: { path: string }) => {
    removed.push(path)
    return { removed: path }
  }
})

const grants = {
  tools: [remove],
  capabilities: [{ methods: "files/remove", mode: "ask" as const, description: "May this file be removed?" }]
}

/** Runs until somebody is needed, and lets go. No machine and no process has to wait. */
const agent = async (code: string) => {
  await using caisson = await Caisson.open({ directory })
  await using session = await caisson.session(grants)
  const { status } = await session.run(code)
  console.log(`agent: ${session.id} is ${status}`)
}

/** Answers whatever waits in any session, and gives what the finished ones came to. */
const desk = async (decide: (call: WaitingCall) => Answer) => {
  await using caisson = await Caisson.open({ directory })
  const values: Array<unknown> = []
  for (const { session: id, status } of await caisson.sessions()) {
    if (status !== "paused") continue
    await using session = await caisson.resume(id, grants)
    let result = await session.resume()
    while (result?.status === "paused") {
      const [call] = result.calls
      if (call === undefined) break
      const answer = decide(call)
      console.log(`desk: ${call.method} ${JSON.stringify(call.input)} -> ${JSON.stringify(answer)}`)
      result = await session.answer(call.id, answer)
    }
    values.push(result?.value)
  }
  return values
}

await agent(`
  const outcomes = await Promise.all(
    ["/tmp/a", "/tmp/b", "/etc/passwd"].map((path) =>
      files.remove({ path }).then(({ removed }) => "removed " + removed, (error) => error.message))
  )
  outcomes`)

const values = await desk(({ input }) => {
  const { path } = input as { readonly path: string }
  if (path === "/tmp/a") return { approve: true, by: "ann@example.com" }
  if (path === "/tmp/b") return { result: { removed: "/tmp/b, by hand" }, by: "ann@example.com" }
  return { deny: "not this one", by: "ann@example.com" }
})

console.log(values)
assert.deepEqual(values, [["removed /tmp/a", "removed /tmp/b, by hand", "not this one"]])
assert.deepEqual(removed, ["/tmp/a"])
