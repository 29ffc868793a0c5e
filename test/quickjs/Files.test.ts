import { assert, describe, it } from "@effect/vitest"
import { Guest, valueOf } from "./guest.ts"

/** The value of an expression that may await. */
const value = async (source: string, guest?: Guest): Promise<unknown> => (guest ?? (await Guest.boot())).value(source)

/** What an operation is refused with: its code, or its message if it has none. */
const refusal = (operation: string) =>
  value(`try { await ${operation}; 'nothing' } catch (error) { error.code ?? error.message }`)

describe("the files of a guest, in its JavaScript", () => {
  it("F1 are written, read, looked at, listed, moved and removed", async () => {
    const guest = await Guest.boot()
    guest.value("await fs.mkdir('a/b', { recursive: true }); await fs.writeFile('a/b/c.txt', 'grüße'); 0")
    assert.deepStrictEqual(
      guest.value(`
        const stat = await fs.stat('a/b/c.txt')
        return [await fs.readFile('/workspace/a/b/c.txt'), await fs.exists('a/b'), await fs.exists('a/c'), stat.size,
          stat.isFile(), stat.isDirectory(), (await fs.stat('a')).isDirectory(), stat.mtime.getTime() === Date.now()]`),
      ["grüße", true, false, 7, true, false, true, true]
    )
    assert.deepStrictEqual(guest.value("await fs.readdir('a', { recursive: true })"), ["b", "b/c.txt"])
    assert.deepStrictEqual(
      guest.value(`
        await fs.rename('a/b/c.txt', 'd.txt')
        await fs.copyFile('d.txt', 'e.txt')
        await fs.unlink('d.txt')
        await fs.rm('a', { recursive: true })
        return fs.readdir('.')`),
      ["e.txt"]
    )
  })

  it("F1 have bytes, of every value and kind of view", async () => {
    const guest = await Guest.boot()
    const all = Array.from({ length: 256 }, (_, byte) => byte)
    assert.deepStrictEqual(
      guest.value(`
        const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
        await fs.writeFile('all', bytes)
        await fs.writeFile('some', new DataView(bytes.buffer, 250, 3))
        await fs.appendFile('some', bytes.buffer.slice(0, 1))
        return [[...await fs.readFile('all', null)], [...await fs.readFile('some', null)], await fs.readFile('some', 'base64')]`),
      [all, [250, 251, 252, 0], Buffer.from([250, 251, 252, 0]).toString("base64")]
    )
  })

  it("F1 tell what is in a directory, with kinds", async () =>
    assert.deepStrictEqual(
      await value(`
        await fs.mkdir('d'); await fs.writeFile('f', ''); await fs.symlink('f', 'l')
        return (await fs.readdir('/workspace', { withFileTypes: true })).map((entry) =>
          [entry.name, entry.parentPath, entry.isDirectory(), entry.isFile(), entry.isSymbolicLink()])`),
      [
        ["d", "/workspace", true, false, false],
        ["f", "/workspace", false, true, false],
        ["l", "/workspace", false, false, true]
      ]
    ))

  it.each([
    ["F2 elsewhere", "fs.writeFile('/etc.txt', '')", "EACCES"],
    ["F2 among the tools", "fs.writeFile('/tools/mine.json', '')", "EACCES"],
    ["F2 in place of a log", "fs.appendFile('/log/a', 'x').then(() => fs.writeFile('/log/a', ''))", "EACCES"],
    [
      "F9 in place of a log, by a rename",
      "fs.appendFile('/log/a', 'x').then(() => fs.rename('/log/a', '/tmp/a'))",
      "EACCES"
    ],
    ["F9 onto a log, by a rename", "fs.writeFile('a', '').then(() => fs.rename('a', '/log/a'))", "EACCES"],
    ["F6 above the root", "fs.readFile('../../../etc/passwd')", "EACCES"],
    ["F6 by a name with NUL", "fs.readFile('a\\0b')", "EINVAL"],
    [
      "F6 through links in a circle",
      "fs.symlink('b', 'a').then(() => fs.symlink('a', 'b')).then(() => fs.readFile('a'))",
      "ELOOP"
    ],
    ["over a directory", "fs.writeFile('/tmp', '')", "EISDIR"],
    ["through a file", "fs.writeFile('a', '').then(() => fs.readFile('a/b'))", "ENOTDIR"],
    ["of what is not there", "fs.readFile('nowhere')", "ENOENT"],
    ["of what is always there", "fs.mkdir('/tmp/d').then(() => fs.rmdir('/tmp'))", "EACCES"],
    ["of a directory that is not empty", "fs.mkdir('a/b', { recursive: true }).then(() => fs.rmdir('a'))", "ENOTEMPTY"],
    ["twice", "fs.mkdir('d').then(() => fs.mkdir('d'))", "EEXIST"]
  ])("%s are refused: %s", async (_, operation, code) => assert.strictEqual(await refusal(operation), code))

  it.each([
    ["readFileSync", 'fs.readFileSync does not exist here: use "await fs.readFile(path)"'],
    ["writeFileSync", 'fs.writeFileSync does not exist here: use "await fs.writeFile(path)"'],
    ["existsSync", 'fs.existsSync does not exist here: use "await fs.exists(path)"'],
    ["createReadStream", 'fs.createReadStream does not exist here: use "await fs.readFile(path)"']
  ])("F5 say of %s what to use instead", async (name, message) =>
    assert.strictEqual(await refusal(`fs.${name}('a')`), message))

  it("say what is wrong with an argument", async () => {
    assert.strictEqual(await refusal("fs.readFile(7)"), "fs.readFile: a path must be a string")
    assert.strictEqual(
      await refusal("fs.readFile('a', () => {})"),
      'fs.readFile takes no callback: use "await fs.readFile(...)"'
    )
    assert.match(String(await refusal("fs.readFile('a', 'utf16')")), /encoding is "utf8"/)
    assert.match(String(await refusal("fs.writeFile('a', 7)")), /content must be a string/)
  })

  it("F7 take as many bytes and names as the limits say", async () => {
    const guest = await Guest.boot({ limits: { fileBytes: 8_192, fileEntries: 64 } })
    const withoutTools = (source: string) => valueOf(guest.start(source, { tools: [] }))
    assert.strictEqual(
      withoutTools("await fs.writeFile('full', 'x'.repeat(8192)); (await fs.stat('full')).size"),
      8_192
    )
    assert.strictEqual(withoutTools("fs.appendFile('full', 'x').catch(({ code }) => code)"), "ENOSPC")
    const makeMany =
      "for (let count = 0; ; count++) try { await fs.mkdir(`d${count}`) } catch ({ code }) { return code }"
    assert.strictEqual(withoutTools(makeMany), "ENOSPC")
    assert.strictEqual(withoutTools("(await fs.readFile('full')).length"), 8_192)
  })

  it("F8 come back with the guest, and go their own ways afterwards", async () => {
    const guest = await Guest.boot()
    guest.value("await fs.writeFile('small', 'a'); await fs.writeFile('large', 'b'.repeat(100000)); 0")
    const copy = await guest.copy()
    guest.value("await fs.writeFile('small', 'changed'); 0")
    assert.deepStrictEqual(copy.value("[await fs.readFile('small'), (await fs.readFile('large')).length]"), [
      "a",
      100_000
    ])
    assert.strictEqual(guest.value("fs.readFile('small')"), "changed")
  })

  it("show each tool in /tools, as the guest knows it", async () => {
    const guest = await Guest.boot()
    assert.deepStrictEqual(guest.value("fs.readdir('/tools')"), [
      "ask.json",
      "bank.accounts.list.json",
      "bank.transfer.json"
    ])
    assert.deepStrictEqual(
      guest.value(
        "[JSON.parse(await fs.readFile('/tools/ask.json')), getToolInfo('ask')].map((info) => info.description)"
      ),
      ["does ask", "does ask"]
    )
  })

  it("are told to the host turn by turn", async () => {
    const guest = await Guest.boot()
    const turn = guest.start(
      "await fs.writeFile('a', '1'); await fs.writeFile('a', '2'); await fs.unlink('a'); await fs.mkdir('d')"
    )
    assert.deepStrictEqual(turn.files, [{ path: "/workspace/d", kind: "created" }])
  })

  it("cannot be changed by a guest that changes built-ins", async () => {
    const guest = await Guest.boot()
    assert.deepStrictEqual(
      guest.value(`
        String.prototype.slice = () => 'tampered'
        JSON.parse = () => { throw new Error('tampered') }
        Array.prototype[Symbol.iterator] = undefined
        await fs.writeFile('a', 'kept')
        const found = await fs.readdir('.')
        return [await fs.readFile('a'), found.length, Object.isFrozen(fs)]`),
      ["kept", 1, true]
    )
  })
})
