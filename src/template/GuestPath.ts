import * as Schema from "effect/Schema"

/** Where a file is in a guest. */
export const GuestPath = Schema.String.check(
  Schema.isPattern(/^\/(?:[^/\0]+\/)*[^/\0]+$/u, { message: "expected an absolute path without a slash at its end" }),
  Schema.makeFilter((path) => !/\/\.{1,2}(\/|$)/.test(path) || "expected a path without . and ..")
)

const isIn = (path: string, directory: string): boolean => `${path}/`.startsWith(`${directory}/`)

/** Of files that are all to be there: none has the path of another one, and none is below another one, which is no directory. */
export const areApart = Schema.makeFilter((files: ReadonlyArray<{ readonly path: string }>) =>
  files.flatMap(({ path }, index) => {
    const other = files.slice(0, index).find((before) => isIn(path, before.path) || isIn(before.path, path))
    if (other === undefined) return []
    const issue = other.path === path ? `${path} occurs twice` : `${path} and ${other.path} cannot both be files`
    return [{ path: [index, "path"], issue }]
  })
)
