/**
 * A graph of nodes that is interrupted by a tool call and goes on in another process.
 *
 * The session is the checkpoint. Each node is one run, and its run id is the node's name: a node that was done gives its
 * recorded result, one that waits goes on where it waits. So the graph is simply walked again from its start.
 */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Answer, Caisson, tool, type WaitingCall } from "caisson/promise"

const directory = mkdtempSync(join(tmpdir(), "caisson-graph-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const tools = [
  tool("flights.search", {
    description: "Flights to a city",
    input: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    readOnly: true,
    execute: ({ city }: { city: string }) => [
      { flight: `${city} 07:10`, price: 180 },
      { flight: `${city} 12:45`, price: 95 }
    ]
  }),
  tool("flights.book", {
    description: "Books a flight",
    input: { type: "object", properties: { flight: { type: "string" } }, required: ["flight"] },
    execute: ({ flight }: { flight: string }) => ({ booking: `B-${flight}` })
  })
]
const capabilities = [
  { methods: "flights/search" },
  { methods: "flights/book", maxCalls: 1, mode: "ask" as const, description: "Book this flight?" }
]

/** What a model would write for each node. Nodes hand on what they found as variables of the session. */
const nodes = [
  { name: "search", code: `const found = await flights.search({ city: "Lisbon" }); found.length` },
  { name: "choose", code: `const cheapest = found.toSorted((a, b) => a.price - b.price)[0]; cheapest` },
  { name: "book", code: `const { booking } = await flights.book({ flight: cheapest.flight }); booking` }
]

type State =
  | { readonly done: true; readonly results: Readonly<Record<string, unknown>> }
  | { readonly done: false; readonly interrupt: WaitingCall }

/** Walks the graph of a thread until it ends or somebody is asked. Everything is opened here and let go again. */
const invoke = async (thread: string, resume?: { readonly call: string; readonly answer: Answer }): Promise<State> => {
  await using caisson = await Caisson.open({ directory })
  const isKnown = (await caisson.sessions()).some(({ session }) => session === thread)
  await using session = isKnown
    ? await caisson.resume(thread, { tools, capabilities })
    : await caisson.session({ id: thread, tools, capabilities })
  if (resume !== undefined) await session.answer(resume.call, resume.answer)

  const results: Record<string, unknown> = {}
  for (const { name, code } of nodes) {
    const result = await session.run(code, { runId: name })
    if (result.status === "failed") throw new Error(`node ${name}: ${result.error.message}`)
    const [interrupt] = result.calls
    if (interrupt !== undefined) return { done: false, interrupt }
    results[name] = result.value
  }
  return { done: true, results }
}

const first = await invoke("trip-1")
assert.ok(!first.done)
console.log(`interrupted: ${first.interrupt.reason} ${JSON.stringify(first.interrupt.input)}`)

// Nothing is alive here. Days may pass.

const second = await invoke("trip-1", { call: first.interrupt.id, answer: { approve: true } })
assert.ok(second.done)
console.log(second.results)
assert.equal(second.results["book"], "B-Lisbon 12:45")
