import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { completed, epoch, failed, give, ids } from "../../contract/machine/Steps.ts"
import { interpreter, needs, printed, runner } from "./interpreters.ts"

const minute = 120_000
const tools = [{ path: "ask", description: "", input: {}, output: {} }]

describe("programs that are compiled", () => {
  it.live(
    "in C++ run without input, say what their compiler and themselves took, and give their exit code",
    (context) =>
      Effect.gen(function* () {
        needs(context, "cpp")
        const made = yield* interpreter(["cpp"])
        const run = runner("cpp", made)
        writeFileSync(join(made.directory, "own.h"), "inline int own() { return 3; }\n")
        const turn = yield* run(`#include <bits/stdc++.h>
#include "own.h"
int main() {
  std::string line;
  std::cout << (std::getline(std::cin, line) ? "input" : "none") << " " << std::ranges::max({1, 2}) << "\\n";
  std::cerr << "bad\\n";
  return own();
}`)
        assert.deepStrictEqual(completed(turn), { exitCode: 3 })
        assert.deepStrictEqual([printed(turn), printed(turn, "stderr")], ["none 2\n", "bad\n"])
        assert.hasAllKeys(turn.phases, ["compile", "run"])
        const { error } = failed(yield* run("int main() {\n  return none;\n}"))
        assert.deepInclude(error, { name: "CompileError", line: 2 })
        assert.match(error.message, /^main\.cpp: In function .*\nmain\.cpp:2:10: error: /)
        assert.deepStrictEqual(completed(yield* run("#include <cstdlib>\nint main() { std::abort(); }")), {
          exitCode: 134
        })
        const asks = yield* run('#include <cstdlib>\nint main() { return std::system("tool ask") >> 8; }', { tools })
        assert.deepStrictEqual(completed(yield* made.answer([give(ids(asks)[0] ?? "", 1)], epoch)), { exitCode: 0 })
      }),
    minute
  )

  it.live(
    "in Go are modules of their own, or packages of that of the workspace",
    (context) =>
      Effect.gen(function* () {
        needs(context, "go")
        const made = yield* interpreter(["go"])
        const run = runner("go", made)
        const turn = yield* run('package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(min(2, 1)) }\n')
        assert.deepStrictEqual([completed(turn), printed(turn)], [{ exitCode: 0 }, "1\n"])
        const { error } = failed(yield* run("package main\n\nfunc main() {\n\tx := 1\n}\n"))
        assert.deepInclude(error, { name: "CompileError", line: 4 })
        const asks = yield* run(
          'package main\n\nimport (\n"os"\n"os/exec"\n)\n\nfunc main() {\nc := exec.Command("tool", "ask")\nc.Stdout = os.Stdout\n_ = c.Run()\n}',
          { tools }
        )
        assert.strictEqual(printed(yield* made.answer([give(ids(asks)[0] ?? "", "told")], epoch)), "told\n")
        writeFileSync(join(made.directory, "go.mod"), "module own\n\ngo 1.22\n")
        yield* made.agent.makeDirectory("/workspace/part")
        yield* made.agent.write("/workspace/part/part.go", Buffer.from("package part\n\nconst Name = `part`\n"))
        const local = yield* run('package main\n\nimport "own/part"\n\nfunc main() { println(part.Name) }\n')
        assert.strictEqual(printed(local, "stderr"), "part\n")
      }),
    minute
  )
})
