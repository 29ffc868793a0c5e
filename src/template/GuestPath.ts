import * as Schema from "effect/Schema"

/** Where a file is in a guest. */
export const GuestPath = Schema.String.check(
  Schema.isPattern(/^\/(?:[^/\0]+\/)*[^/\0]+$/u, { message: "expected an absolute path without a slash at its end" }),
  Schema.makeFilter((path) => !/\/\.{1,2}(\/|$)/.test(path) || "expected a path without . and ..")
)
