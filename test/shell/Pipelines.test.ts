import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { type Ended, end, makeWorld, printed, shell, tier, valueOf } from "./world.ts"

const cases: ReadonlyArray<readonly [does: string, script: string, end: Partial<Ended>]> = [
  [
    "S1 prints",
    "echo hello; echo -n a; printf '%03d|%s\\n' 7 x",
    { stdout: "hello\na007|x\n", stderr: "", exitCode: 0 }
  ],
  [
    "S1 feeds one command with another's output",
    "printf 'b\\na\\nb\\n' | sort | uniq | tr ab AB",
    { stdout: "A\nB\n" }
  ],
  ["S1 filters lines", "printf 'one\\nTwo\\nthree\\n' | grep -i -v '^t'", { stdout: "one\n", exitCode: 0 }],
  ["S1 says by its exit code that nothing was found", "echo a | grep b", { stdout: "", stderr: "", exitCode: 1 }],
  [
    "S1 reads JSON from a file",
    `echo '{"a":[1,2,3]}' > f.json; jq -c '.a | map(. * 2)' f.json`,
    { stdout: "[2,4,6]\n" }
  ],
  [
    "S1 writes, adds to and reads files",
    "echo 1 > n; echo 2 >> n; wc -l < n | tr -d ' '; cat n",
    { stdout: "2\n1\n2\n" }
  ],
  ["S1 keeps stdout and stderr apart", "{ echo out; echo err >&2; }", { stdout: "out\n", stderr: "err\n" }],
  ["S1 sends stderr after stdout", "{ echo out; echo err >&2; } 2>&1 | sort", { stdout: "err\nout\n", stderr: "" }],
  [
    "S1 drops what goes to /dev/null",
    "{ echo out; echo err >&2; } > /dev/null 2>&1; echo $?",
    { stdout: "0\n", stderr: "" }
  ],
  ["S1 reads here-documents", "x=5; cat <<A; cat <<'B'\n$x\nA\n$x\nB\ncat <<< text", { stdout: "5\n$x\ntext\n" }],
  [
    "S1 has the digests of FIPS 180",
    "for size in 1 224 256 384 512; do printf abc | sha${size}sum | cut -c1-8; done | paste -sd' ' -",
    { stdout: "a9993e36 23097d22 ba7816bf cb00753f ddaf35a1\n" }
  ],
  [
    "F6 unpacks nothing through a link that an archive brings along",
    "mkdir -p a b/d o; ln -s /tmp a/d; echo evil > b/d/evil; tar -cf x.tar -C a d; tar -cf y.tar -C b d/evil;" +
      "{ head -c 512 x.tar; cat y.tar; } > e.tar; tar -tf e.tar; tar -xf e.tar -C o; echo $?; ls /tmp",
    { stdout: "d\nd/evil\n2\noutputs\n" }
  ],
  [
    "S1 has the exit code of a pipeline's last command",
    "false | true; echo $?; set -o pipefail; false | true",
    { stdout: "0\n", exitCode: 1 }
  ],
  [
    "S6 loops",
    "for i in 1 2 3; do echo -n $i; done; i=0; while ((i < 2)); do echo -n w; ((i++)); done; until true; do :; done",
    { stdout: "123ww" }
  ],
  [
    "S6 has functions with arguments, locals and a status",
    'f() { local x=$1; echo "$x $#"; return 3; }; f a b; echo $?',
    { stdout: "a 2\n3\n" }
  ],
  ["S6 substitutes commands and arithmetic", 'echo "$(echo $(( 6 * 7 )))" `echo b`', { stdout: "42 b\n" }],
  [
    "S6 decides",
    "case abc in a*) echo yes;; esac; [[ abc =~ ^a(b) ]] && echo ${BASH_REMATCH[1]}; if [ 1 -gt 2 ]; then echo no; else echo else; fi",
    { stdout: "yes\nb\nelse\n" }
  ],
  [
    "S6 expands names of files and braces",
    "touch a1.txt a2.txt; echo *.txt {x,y}{1..2}",
    { stdout: "a1.txt a2.txt x1 x2 y1 y2\n" }
  ],
  [
    "S6 has arrays and maps",
    'a=(1 "2 3"); declare -A m=([k]=v); echo ${#a[@]} ${a[1]} ${m[k]}',
    { stdout: "2 2 3 v\n" }
  ],
  [
    "S6 says what command it does not know",
    "nonesuch --flag",
    { stdout: "", stderr: "bash: nonesuch: command not found\n", exitCode: 127 }
  ],
  [
    "S6 has no way to the network",
    "curl http://example.org",
    { stdout: "", stderr: "bash: curl: command not found\n", exitCode: 127 }
  ],
  ["S6 says where a script cannot be read, and runs none of it", "echo a\nfor", { stdout: "", exitCode: 2 }],
  ["S6 ends with the code of exit", "echo a; exit 7; echo b", { stdout: "a\n", exitCode: 7 }],
  [
    "F2 writes below /workspace and /tmp",
    "echo a > /workspace/a; echo b > /tmp/b; cat /workspace/a /tmp/b",
    { stdout: "a\nb\n" }
  ],
  [
    "F2 only adds to files below /log",
    "echo a >> /log/a; echo b >> /log/a; cat /log/a; echo c > /log/a",
    { stdout: "a\nb\n", exitCode: 1 }
  ],
  ["F6 finds nothing above the root", "cat /workspace/../../../workspace/none", { stdout: "", exitCode: 1 }]
]

layer(tier, { excludeTestServices: true })("a shell script", (it) => {
  it.effect.each(cases)("%s", ([, script, wanted]) =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      assert.deepInclude(yield* end(session, script), wanted)
    })
  )

  it.effect("S6 says on stderr why it did not understand a script", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      const { stderr } = yield* end(session, "if true; then echo a")
      assert.match(stderr, /^bash: syntax error: /)
    })
  )

  it.effect("F2 says why a file is not written, and where files can be", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      const { exitCode, stderr } = yield* end(session, "echo a > /tools/a")
      assert.strictEqual(exitCode, 1)
      assert.match(stderr, /^bash: \/tools\/a: Permission denied \(read-only here; .*\/workspace and \/tmp/)
    })
  )

  it.effect("F4 reads and writes the files that JavaScript and the host have", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      yield* session.files.write("from-host.txt", "host\n")
      yield* session.run(`await fs.writeFile("from-js.json", JSON.stringify({ by: "js" }))`)
      assert.strictEqual(
        yield* printed(session, "cat from-host.txt; jq -r .by from-js.json; pwd"),
        "host\njs\n/workspace\n"
      )
      yield* printed(session, "mkdir -p d; echo shell > d/from-shell.txt; rm from-host.txt; mv from-js.json d/")
      assert.deepStrictEqual(
        yield* valueOf(session, `[await fs.readFile("d/from-shell.txt"), (await fs.readdir("d")).sort()]`),
        ["shell\n", ["from-js.json", "from-shell.txt"]]
      )
      const listed = yield* session.files.list("/workspace", { recursive: true })
      assert.deepStrictEqual(
        listed.map(({ path }) => path),
        ["/workspace/d", "/workspace/d/from-js.json", "/workspace/d/from-shell.txt"]
      )
    })
  )

  it.effect("F4 leaves bytes as they are, whoever writes them", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
      yield* session.files.write("all.bin", bytes)
      yield* printed(
        session,
        "cat all.bin > copy.bin; cat all.bin | base64 | base64 -d > round.bin; gzip -c all.bin | gzip -dc > zipped.bin"
      )
      for (const name of ["copy.bin", "round.bin", "zipped.bin"]) {
        assert.deepStrictEqual(yield* session.files.read(name), bytes, name)
      }
    })
  )

  it.effect("hands files over as artifacts", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      yield* printed(session, "mkdir -p /tmp/outputs; printf 'a,b\\n1,2\\n' > /tmp/outputs/table.csv")
      const [artifact] = yield* session.files.listArtifacts
      assert.deepInclude(artifact, { name: "table.csv", mediaType: "text/csv", bytes: 8 })
    })
  )

  it.effect("O1 O2 is heard while it runs, each stream by itself", () =>
    Effect.gen(function* () {
      const heard = yield* Deferred.make<void>()
      const { session } = yield* makeWorld({ count: () => Deferred.await(heard) })
      const listening = yield* session.output.pipe(
        Stream.tap(({ stream }) => (stream === "stderr" ? Deferred.succeed(heard, undefined) : Effect.void)),
        Stream.take(4),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      const result = yield* shell(session, "echo before; echo warning >&2; tool count --number 1; echo after")
      assert.deepInclude(result, { _tag: "Completed", stdout: "before\n2\nafter\n", stderr: "warning\n" })
      const chunks = yield* Fiber.join(listening)
      const stderr = chunks.filter(({ stream }) => stream === "stderr")
      assert.deepStrictEqual(stderr, [{ stream: "stderr", text: "warning\n" }])
    })
  )

  it.effect("is no value that JavaScript sees, but its exit code", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      const result = yield* shell(session, "echo text; exit 3")
      assert.deepInclude(result, { _tag: "Completed", value: '{"exitCode":3}' })
    })
  )
})
