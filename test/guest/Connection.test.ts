import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope, Stream } from "effect"
import * as Frame from "../../src/guest/wire/Frame.ts"
import { finished, type Guest, greet, needsGo, run, shell, start, textOf } from "./guest.ts"

const take = (bytes: Stream.Stream<Uint8Array, unknown>, count: number) => {
  let seen = 0
  return bytes.pipe(
    Stream.takeUntil((piece) => {
      seen += piece.length
      return seen >= count
    }),
    Stream.runDrain,
    Effect.ignore
  )
}

/** A connection whose host vanishes when `vanish` is run: nothing is said any more, and the socket is cut. */
const mortal = Effect.fnUntraced(function* (guest: Guest, epoch: number) {
  const socket = yield* Scope.make()
  const link = yield* Scope.provide(guest.dial, socket)
  const scope = yield* Scope.make()
  const machine = yield* Scope.provide(greet(link, epoch), scope)
  const vanish = Effect.andThen(
    Effect.sync(() => link.raw.destroy()),
    Effect.andThen(Scope.close(socket, Exit.void), Scope.close(scope, Exit.void))
  )
  return { link, machine, scope, vanish }
})

const ping = (epoch: number, sequence: number) =>
  Frame.encode({ kind: "ping", lane: 0, epoch, stream: 0, sequence, payload: new Uint8Array(8) })

describe("a connection", () => {
  it.live("E-11 of a host that vanishes ends no process: another host takes over, and misses no byte", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const first = yield* mortal(guest, 1)
      const script = "i=0; while [ $i -lt 60000 ]; do echo line $i; i=$((i+1)); done; echo end >&2; read x; echo $x"
      const process = yield* Scope.provide(first.machine.execute(shell("1", script, { hasInput: true })), first.scope)
      yield* take(process.output, 300_000)
      const known = process.received()
      assert.isAbove(known.output, 0)
      yield* first.vanish
      const machine = yield* greet(yield* guest.dial, 2)
      assert.deepStrictEqual(machine.welcome.processes, [{ id: "1", state: "running" }])
      const again = yield* machine.attach("1", known)
      yield* again.write(Buffer.from("bye\n"))
      const { errors, exit, output } = yield* finished(again)
      assert.strictEqual(errors, "end\n")
      assert.strictEqual(known.output + output.length, exit.output)
      const lines = output.split("\n")
      assert.strictEqual(lines.at(-3), "line 59999")
      assert.strictEqual(lines.at(-2), "bye")
      assert.deepStrictEqual(
        lines.slice(1, -2),
        Array.from({ length: lines.length - 3 }, (_, index) => `line ${60_000 - lines.length + 3 + index}`)
      )
    })
  )

  it.live("gives the end of a process that ended while nobody was there", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const first = yield* mortal(guest, 1)
      yield* Scope.provide(first.machine.execute(shell("1", "read line; exit 5", { hasInput: true })), first.scope)
      yield* first.vanish
      const second = yield* mortal(guest, 2)
      const attached = yield* Scope.provide(second.machine.attach("1", { output: 0, errors: 0 }), second.scope)
      yield* attached.write(Buffer.from("go\n"))
      yield* second.machine.ping
      yield* second.vanish
      const machine = yield* greet(yield* guest.dial, 3)
      const { exit } = yield* finished(yield* machine.attach("1", { output: 0, errors: 0 }))
      assert.strictEqual(exit.code, 5)
      const refused = yield* Effect.flip(machine.attach("2", { output: 0, errors: 0 }))
      assert.deepInclude(refused.reason, { _tag: "Refused", code: "NoSuchProcess" })
    })
  )

  it.live("does not go on from bytes that are not kept, and has one reader", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const first = yield* mortal(guest, 1)
      const process = yield* Scope.provide(
        first.machine.execute(shell("1", "head -c 1000000 /dev/zero; exec sleep 1000")),
        first.scope
      )
      yield* take(process.output, 700_000)
      yield* first.machine.ping
      yield* first.vanish
      const machine = yield* greet(yield* guest.dial, 2)
      const lost = yield* Effect.flip(machine.attach("1", { output: 0, errors: 0 }))
      assert.deepInclude(lost.reason, { _tag: "Refused", code: "BytesLost" })
      const again = yield* machine.attach("1", process.received())
      const other = yield* Effect.flip(machine.attach("1", process.received()))
      assert.deepInclude(other.reason, { _tag: "Refused" })
      yield* take(again.output, 1_000_000 - process.received().output)
      yield* again.signal(9)
      yield* textOf(again.errors)
      assert.deepInclude(yield* again.exit, { how: "signalled", output: 1_000_000 })
    })
  )

  it.live("E-11 begins again behind a frame that was cut, on the same channel", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const link = yield* guest.dial
      yield* Effect.scoped(Effect.flatMap(greet(link, 1), (machine) => machine.ping))
      for (const cut of [1, 27, 28, 40, 60_000]) {
        const payload = new Uint8Array(Frame.payloadBytesMax).fill(0x43)
        const large = Frame.encode({ kind: "data", lane: 0, epoch: 1, stream: 1, sequence: 9, payload })
        yield* link.send(large.subarray(0, cut))
        const { output } = yield* Effect.scoped(
          Effect.flatMap(greet(link, 2 + cut), (machine) => run(machine, `cut-${cut}`, "echo whole"))
        )
        assert.strictEqual(output, "whole\n", `cut at ${cut}`)
      }
    })
  )

  it.live("ends with a fault when a frame is damaged or missing, and can be begun anew", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const link = yield* guest.dial
      const damaged = ping(1, 1)
      damaged[30] = 255
      for (const bytes of [damaged, ping(1, 7), Buffer.from("GET / HTTP/1.1\r\n\r\n")]) {
        const error = yield* Effect.scoped(
          Effect.gen(function* () {
            const machine = yield* greet(link, 1)
            yield* link.send(bytes)
            return yield* Effect.flip(machine.failed)
          })
        )
        assert.strictEqual(error.reason._tag, "Broken", error.message)
      }
      yield* Effect.scoped(Effect.flatMap(greet(link, 2), (machine) => machine.ping))
    })
  )

  it.live("hears nothing of an earlier one, nor before the first", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const link = yield* guest.dial
      yield* link.send(ping(5, 0))
      const machine = yield* greet(link, 2)
      yield* link.send(ping(1, 1))
      yield* machine.ping
      assert.strictEqual((yield* run(machine, "1", "echo heard")).output, "heard\n")
    })
  )

  it.live("does not begin with somebody who says nothing, or who cannot set its clock", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const link = yield* guest.dial
      const unproven = yield* Effect.flip(Effect.scoped(greet(link, 1, { isMachine: true })))
      assert.deepInclude(unproven.reason, { _tag: "NotWelcome", reason: "ClockNotSet" })
      const silent = yield* Effect.flip(
        Effect.scoped(greet({ receive: Effect.never, send: () => Effect.void }, 1, { welcomeTimeout: "20 millis" }))
      )
      assert.deepInclude(silent.reason, { _tag: "NotWelcome", reason: "Late" })
    })
  )

  it.live("E-11 fails, with all that is asked of it, when the guest dies", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const machine = yield* greet(yield* guest.dial, 1)
      const process = yield* machine.execute(shell("1", "echo ready; exec sleep 1000"))
      const ready = yield* Stream.runHead(process.output)
      assert.strictEqual(ready._tag, "Some")
      guest.child.kill("SIGKILL")
      const ends = yield* Effect.all(
        [Effect.flip(process.exit), Effect.flip(machine.failed), Effect.flip(machine.stat("/"))],
        { concurrency: "unbounded" }
      )
      for (const end of ends) assert.strictEqual(end._tag === "AgentError" && end.reason._tag, "LinkClosed")
    })
  )
})

describe("a freeze", () => {
  it.live("lets nothing happen until the thaw, and forgets no process", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const guest = yield* start()
      const link = yield* guest.dial
      const connection = yield* Scope.make()
      const machine = yield* Scope.provide(greet(link, 1), connection)
      const scope = yield* Scope.make()
      const process = yield* Scope.provide(machine.execute(shell("1", "cat", { hasInput: true })), scope)
      yield* machine.freeze
      const refused = yield* Effect.flip(run(machine, "2", "true"))
      assert.deepInclude(refused.reason, { _tag: "Refused", code: "Frozen" })
      yield* machine.ping
      yield* machine.thaw
      yield* process.write(Buffer.from("a"))
      yield* machine.freeze
      yield* Scope.close(scope, Exit.void)
      yield* machine.ping
      yield* Scope.close(connection, Exit.void)
      const next = yield* greet(link, 2)
      assert.deepStrictEqual(next.welcome.processes, [{ id: "1", state: "running" }])
      const again = yield* next.attach("1", { output: 0, errors: 0 })
      yield* again.write(Buffer.from("b"))
      yield* again.endInput
      assert.strictEqual((yield* finished(again)).output, "ab")
    })
  )
})
