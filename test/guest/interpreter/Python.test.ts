import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { defaults } from "../../../src/machine/Limits.ts"
import * as Value from "../../../src/tool/Value.ts"
import { Opaque } from "../../../src/tool/value/Opaque.ts"
import { argumentsOf, deny, epoch, expectTag, failed, give, ids, parked } from "../../contract/machine/Steps.ts"
import { printed } from "./interpreters.ts"
import { python, valueOf } from "./pythons.ts"

const values: ReadonlyArray<readonly [source: string, value: unknown]> = [
  ["None", null],
  ["True", true],
  ["2**53 - 1", 2 ** 53 - 1],
  ["2**53", 2n ** 53n],
  ["-(10**30)", -(10n ** 30n)],
  ["10**5000", 10n ** 5_000n],
  ["3.0", 3],
  ["-0.0", -0],
  ["float('nan')", Number.NaN],
  ["[float('inf'), -float('inf')]", [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  ["'é🦀\\ud800'", "é🦀\ud800"],
  ["(1, [2, {'three': (4,)}])", [1, [2, { three: [4] }]]],
  ["{1: 'a', (2, 3): 'b'}", new Map<unknown, unknown>([[1, "a"]]).set([2, 3], "b")],
  ["{'$': 1, 'a': 2}", { $: 1, a: 2 }],
  ["{1, 2}", new Set([1, 2])],
  ["b'\\x00\\xff'", Uint8Array.of(0, 255)],
  ["bytearray(b'a')", Uint8Array.of(97)],
  ["__import__('array').array('d', [1.5])", Float64Array.of(1.5)],
  [`__import__('datetime').datetime.fromtimestamp(1.5, __import__('datetime').timezone.utc)`, new Date(1_500)],
  ["__import__('datetime').datetime(2026, 1, 2)", new Date("2026-01-02T00:00:00Z")],
  ["__import__('datetime').date(2026, 1, 2)", "2026-01-02"],
  ["__import__('datetime').timedelta(days=-1, seconds=1)", "-P0DT23H59M59S"],
  ["__import__('pathlib').Path('/a')", "/a"],
  ["__import__('enum').Enum('Kind', 'A').A", 1],
  ["__import__('dataclasses').make_dataclass('Point', ['x'])(1)", { x: 1 }],
  ["{'a': 1}.keys()", ["a"]],
  ["range(3)", [0, 1, 2]],
  ["[len]", [new Opaque("<built-in function len>")]],
  ["a = []; a.append(a); a", [new Opaque("[Circular]")]],
  ["class Odd:\n  def __repr__(self): raise TypeError\nOdd()", new Opaque("<Odd that cannot be shown: TypeError>")]
]

describe("Python", () => {
  it.live("gives the values of last expressions, and descriptions of what has no text", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      for (const [source, value] of values) assert.deepStrictEqual(valueOf(yield* run(source)), value, source)
      const { name, message } = valueOf(yield* run("ValueError('bad')")) as Error
      assert.deepStrictEqual([name, message], ["ValueError", "bad"])
      assert.strictEqual(valueOf(yield* run("import asyncio\nasync def f(): return 7\nf()")), 7)
    })
  )

  it.live("T3 takes the results of calls as values of its own, and gives them back as they were", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* python(context)
      const given = [
        undefined,
        5n,
        new Date(7),
        new Map([[1, new Set(["x"])]]),
        Uint8Array.of(1),
        Int16Array.of(-1),
        -0,
        10n ** 99_999n
      ]
      const kinds = "[type(item).__name__ for item in tools.ask()]"
      for (const [source, expected] of [
        ["tools.ask()", [null, 5, ...given.slice(2)]],
        [kinds, ["NoneType", "int", "datetime", "dict", "bytes", "array", "float", "int"]]
      ] as const) {
        const [id = ""] = ids(yield* run(source))
        const text = Result.getOrThrow(Value.encode(given))
        const turn = yield* answer([{ id, outcome: { _tag: "Succeeded", value: text } }], epoch)
        assert.deepStrictEqual(valueOf(turn), expected)
      }
    })
  )

  it.live("T2 refuses arguments that have no text, with their place, and calls nothing", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context, { limits: { ...defaults, argumentBytes: 100 } })
      const wrong = failed(yield* run("tools.ask({'a': [1, len]})"))
      assert.deepInclude(wrong.error, {
        name: "TypeError",
        message: `ask: a builtin_function_or_method cannot be passed at [0]["a"][1]`
      })
      const large = failed(yield* run("tools.ask('é' * 50)"))
      assert.deepInclude(large.error, { name: "RangeError", reason: "TooLarge", message: "ask: longer than 100 bytes" })
      for (const digits of [100_000, 110_000]) {
        const long = failed(yield* run(`tools.ask(10**${digits})`))
        assert.match(long.error.message, /^ask: an integer of more than 100000 digits cannot be passed/)
      }
      const deep = failed(yield* (yield* python(context)).run("a = []\nfor _ in range(600): a = [a]\ntools.ask(a)"))
      assert.deepInclude(deep.error, { name: "RangeError", reason: "TooDeep" })
    })
  )

  it.live("O3 says where an error is, in lines of its source and nobody else's", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* python(context)
      const { error } = failed(yield* run("def f():\n  return 1 / 0\n\nf()"))
      assert.deepInclude(error, { name: "ZeroDivisionError", message: "division by zero", line: 2 })
      assert.match(error.stack ?? "", /File "run-1\.py", line 4, in <module>\n {4}f\(\)\n/)
      const syntax = failed(yield* run("x = 1\ny = = 2")).error
      assert.deepInclude(syntax, { name: "SyntaxError", message: "invalid syntax", line: 2, column: 5 })
      const [id = ""] = ids(yield* run("\nawait aio.ask()"))
      const rejected = failed(yield* answer([deny(id, "CapabilityError", "no")], epoch)).error
      assert.deepInclude(rejected, { name: "CapabilityError", message: "no", line: 2 })
      assert.strictEqual(
        rejected.stack,
        'Traceback (most recent call last):\n  File "run-3.py", line 2, in <module>\n    await aio.ask()\ncaisson.ToolError: no\n'
      )
      assert.strictEqual(valueOf(yield* run("import sys\nsys.exit()")), null)
      assert.strictEqual(failed(yield* run("sys.exit(3)")).error.name, "SystemExit")
    })
  )

  it.live("limits calls and sleeps as the embedded tier does", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* python(context, {
        limits: { ...defaults, outstandingCalls: 2, callsPerRun: 3 }
      })
      const outstanding = failed(
        yield* run("import asyncio\nawait asyncio.gather(*[aio.ask(n) for n in range(3)])")
      ).error
      assert.deepInclude(outstanding, {
        name: "RangeError",
        reason: "TooManyCalls",
        message: "no more than 2 calls and sleeps may wait at the same time"
      })
      let turn = yield* run("for n in range(4): tools.ask(n)")
      for (const n of [1, 2, 3]) turn = yield* answer([give(`2.${n}`, n)], epoch)
      assert.deepInclude(failed(turn).error, { message: "a run may make no more than 3 calls and sleeps" })
    })
  )

  it.live("V2 has the beginning of what is shown stand for a value that is too long, with a mark", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context, { limits: { ...defaults, resultBytes: 60 } })
      const turn = yield* run("['x' * 5, 'é' * 100]")
      assert.deepStrictEqual(valueOf(turn), new Opaque("['xxxxx… [longer than 60 bytes]"))
      assert.deepStrictEqual(turn.displays, [{ mediaType: "text/plain", text: `['xxxxx', '${"é".repeat(100)}']` }])
      assert.strictEqual(valueOf(yield* run("'x' * 58")), "x".repeat(58))
      const long = yield* (yield* python(context)).run("list(range(1_000_000))")
      const { description } = valueOf(long) as Opaque
      assert.match(description, /^\[0, 1, 2, .*… \[longer than 1048576 bytes\]$/)
      assert.strictEqual(description.length, 4_096)
    })
  )

  it.live("V2 fails a run of which not even that may be told", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context, { limits: { ...defaults, resultBytes: 20 } })
      const { displays, error } = failed(yield* run("'x' * 60"))
      assert.deepInclude(error, { name: "RangeError", reason: "TooLarge", message: "the result: longer than 20 bytes" })
      assert.strictEqual(displays?.[0]?.text, `'${"x".repeat(60)}'`)
    })
  )

  it.live("lets asyncio wait on the machine's clock, and cancels what is given up", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* python(context)
      const slept = parked(
        yield* run("import asyncio\nawait asyncio.sleep(60)\ncaisson_now = __import__('caisson').now()")
      )
      assert.deepStrictEqual(slept.sleeps, [{ id: "1.1", dueMillis: epoch + 60_000 }])
      expectTag(yield* answer([{ id: "1.1" }], epoch + 60_000), "Completed")
      const nested = yield* run("async def main(): return await aio.ask('in')\nasyncio.run(main())")
      assert.strictEqual(valueOf(yield* answer([give(ids(nested)[0] ?? "", "out")], epoch)), "out")
      const task = parked(
        yield* run("task = asyncio.create_task(asyncio.wait_for(aio.ask(), 9))\nawait aio.ask()\ntask.cancel()")
      )
      const [other = "", kept = ""] = ids(task)
      assert.deepStrictEqual([ids(task).length, task.sleeps.length], [2, 1])
      const ended = yield* answer([give(kept, 1)], epoch)
      assert.deepStrictEqual(ended.cancelled.toSorted(), [other, task.sleeps[0]?.id].toSorted())
    })
  )

  it.live("calls from threads and from processes of its own wait in the same turns", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* python(context)
      const threads = yield* run(`
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(2) as pool:
    result = sorted(pool.map(tools.ask, ["a", "b"]))
result`)
      const calls = ids(threads)
      assert.deepStrictEqual(calls, ["1.1", "1.2"])
      assert.deepStrictEqual(valueOf(yield* answer([give("1.2", 2), give("1.1", 1)], epoch)), [1, 2])
      const script =
        "from caisson import tools, ToolError\\ntry: tools.ask(n=1)\\nexcept ToolError as e: print(e.name, e)"
      const child = yield* run(`import subprocess, sys\nsubprocess.run([sys.executable, "-c", "${script}"]).returncode`)
      assert.deepStrictEqual(parked(child).calls, [{ id: "2.1", path: "ask", arguments: '[{"n":1}]' }])
      const turn = yield* answer([deny("2.1", "CapabilityError", "no")], epoch)
      assert.deepStrictEqual([valueOf(turn), printed(turn)], [0, "CapabilityError no\n"])
      const forked = yield* run(`
import multiprocessing
def work(queue): queue.put(tools.ask("fork"))
queue = multiprocessing.get_context("fork").Queue()
child = multiprocessing.get_context("fork").Process(target=work, args=(queue,))
child.start()
got = queue.get()
child.join()
got`)
      assert.strictEqual(valueOf(yield* answer([give(ids(forked)[0] ?? "", "mine")], epoch)), "mine")
    })
  )

  it.live("O1 prints in order, with what processes and libraries write", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      const turn = yield* run(`
import ctypes, os, subprocess, sys
print("a", end="")
print("b", file=sys.stderr)
os.write(1, b"c\\n")
subprocess.run(["sh", "-c", "echo d"])
libc = ctypes.CDLL(None)
libc.puts(b"e"); libc.fflush(None)
sys.stdout.buffer.write(b"f\\xff\\n")
print("g")`)
      assert.deepStrictEqual(turn.output, [
        { stream: "stdout", text: "a" },
        { stream: "stderr", text: "b\n" },
        { stream: "stdout", text: "c\nd\ne\nf\ufffd\ng\n" }
      ])
    })
  )

  it.live("prints lines of errors as wholes, and what of one is left when the cell ends", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      const turn = yield* run(`
import sys, threading
def work():
    for _ in range(50): print("a", "line", file=sys.stderr)
workers = [threading.Thread(target=work) for _ in range(4)]
for worker in workers: worker.start()
for worker in workers: worker.join()
print("the end", end="", file=sys.stderr)`)
      assert.strictEqual(printed(turn, "stderr"), `${"a line\n".repeat(200)}the end`)
    })
  )

  it.live("prints errors in their place, and waits for nobody to read them", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      const turn = yield* run(`
import os, sys
waits, read = [], os.read
os.read = lambda *given: waits.append(given) or read(*given)
long = "é" * 5_000
for number in range(3):
    print(number)
    print("error", number, file=sys.stderr)
    print(long, file=sys.stderr)
os.read = read
len(waits)`)
      assert.strictEqual(valueOf(turn), 0)
      assert.deepStrictEqual(
        turn.output,
        [0, 1, 2].flatMap((number) => [
          { stream: "stdout", text: `${number}\n` },
          { stream: "stderr", text: `error ${number}\n${"é".repeat(5_000)}\n` }
        ])
      )
    })
  )

  it.live("prints errors of others between its own, and takes them all elsewhere", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      const turn = yield* run(`
import os, sys
for number in range(20):
    print(number, "mine", file=sys.stderr)
    os.system(f"echo {number} theirs >&2; echo {number}")
    os.write(2, b"raw\\n")
kept, (reader, writer) = os.dup(2), os.pipe()
os.dup2(writer, 2)
print("elsewhere", file=sys.stderr)
os.dup2(kept, 2)
print("here", file=sys.stderr)
os.read(reader, 100).decode()`)
      const lines = Array.from({ length: 20 }, (_, number) => `${number} mine\n${number} theirs\nraw\n`).join("")
      assert.strictEqual(printed(turn, "stderr"), `${lines}here\n`)
      assert.strictEqual(valueOf(turn), "elsewhere\n")
    })
  )

  it.live("names streams as Python does", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      const names = yield* run("import sys\n[stream.name for stream in (sys.stdin, sys.stdout, sys.stderr)]")
      assert.deepStrictEqual(valueOf(names), ["<stdin>", "<stdout>", "<stderr>"])
    })
  )

  it.live("gives each cell its output, whatever the one before has done to it", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      for (const source of [
        "import io, os, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')",
        "sys.stdout.close()\nsys.stderr.close()",
        "sys.stdout.detach()\nsys.stderr.detach()",
        "os.close(1)\nos.close(2)",
        "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)"
      ]) {
        yield* run(source)
        const { output } = yield* run(
          "print('out')\nprint('error', file=sys.stderr)\nos.system('echo of another') and None"
        )
        assert.deepStrictEqual(
          output,
          [
            { stream: "stdout", text: "out\n" },
            { stream: "stderr", text: "error\n" },
            { stream: "stdout", text: "of another\n" }
          ],
          source
        )
      }
    })
  )

  it.live("O2 drops output beyond the limit, with a mark, and cuts no character", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context, { limits: { ...defaults, outputBytes: 10 } })
      const turn = yield* run("print('é' * 4)\nprint('é' * 1000)\nimport os; os.system('yes | head -c 3000000')\n1")
      assert.deepStrictEqual(turn.output, [{ stream: "stdout", text: "éééé\n\n[output truncated at 10 bytes]\n" }])
      assert.strictEqual(valueOf(turn), 1)
      assert.strictEqual(printed(yield* run("print('next')")), "next\n")
    })
  )

  it.live("does not wait for the reader of what is written in one call of a library", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context, { limits: { ...defaults, outputBytes: 16_777_216 } })
      const turn = yield* run("import ctypes\nctypes.PyDLL(None).write(1, b'x' * 5_000_000, 5_000_000)")
      assert.strictEqual(printed(turn).length, 5_000_000)
    })
  )

  it.live("S3 says which tools there are, and what they take", (context) =>
    Effect.gen(function* () {
      const { run } = yield* python(context)
      const input = { type: "object", properties: { to: { type: "string" } }, required: ["to"] }
      const tools = [{ path: "mail.send", description: "Sends a letter", input, output: {} }]
      assert.deepStrictEqual(valueOf(yield* run("[tools.list(), dir(tools.mail)]", { tools })), [
        ["mail.send"],
        ["send"]
      ])
      assert.match(printed(yield* run("tools.help('mail.send')", { tools })), /to \(string, required\)/)
      const help = printed(yield* run("help(tools.mail.send); help(tools.mail); help(aio); help(tools)", { tools }))
      assert.match(help, /mail\.send\(to\)\s+Sends a letter\s+to \(string, required\)/)
      assert.match(help, /<tool mail>\s+mail\.send\n/)
      assert.match(help, /aio\.PATH\(\.\.\.\) calls a tool and gives a future at once/)
      assert.notInclude(help, "Methods")
    })
  )

  it.live("puts a call of a tool that is not known to the host, and raises what that says", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* python(context)
      const thread = "with ThreadPoolExecutor() as pool: pool.submit(tools.unknown.thing, a=1).result()"
      for (const way of ["tools.unknown.thing(a=1)", "await aio.unknown.thing(a=1)", thread]) {
        const turn = yield* run(`
from concurrent.futures import ThreadPoolExecutor
try:
  ${way}
except ToolError as error:
  print(error.name, error)`)
        const [call] = parked(turn).calls
        assert.deepInclude(call, { path: "unknown.thing" }, way)
        assert.deepStrictEqual(argumentsOf(call), [{ a: 1 }])
        const after = yield* answer([deny(call?.id ?? "", "CapabilityError", "no")], epoch)
        assert.strictEqual(printed(after), "CapabilityError no\n")
      }
    })
  )
})
