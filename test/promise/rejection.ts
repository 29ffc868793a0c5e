import { assert } from "@effect/vitest"

/** What a promise is rejected with. */
export const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it was not rejected"),
    (error: unknown) => error
  )

/** Of an error of this kind, its code or reason. */
export const rejectedFor = async (promise: Promise<unknown>, tag: string): Promise<unknown> => {
  const error = (await rejection(promise)) as {
    readonly _tag?: string
    readonly code?: string
    readonly reason?: unknown
  }
  assert.strictEqual(error._tag, tag, String(error))
  const { code, reason } = error
  if (code !== undefined) return code
  return typeof reason === "object" && reason !== null && "_tag" in reason ? reason._tag : reason
}
