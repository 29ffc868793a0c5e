import { Effect, Stream } from "effect"
import * as Tar from "effect/encoding/Tar"

/** A tar archive of these entries, whatever they are. */
export const archiveOf = (...entries: ReadonlyArray<Tar.Entry>): Promise<Buffer> =>
  Stream.fromIterable(entries).pipe(
    Stream.pipeThroughChannelOrFail(Tar.encode<never, unknown, Tar.Entry>()),
    Stream.runCollect,
    Effect.map((pieces) => Buffer.concat(pieces)),
    Effect.runPromise
  )

/** A file under a name that no honest archive has. */
export const named = (path: string): Tar.Entry => {
  const { body, header } = Tar.file("x", "content")
  return { body, header: { ...header, path } }
}

export const good = Tar.file("good", "content")

/** Entries because of which an archive is refused, and why. */
export const hostile: ReadonlyArray<readonly [what: string, reason: string, entry: Tar.Entry]> = [
  ["a name that goes up", "UnsafeName", named("../outside")],
  ["a name that goes up in its midst", "UnsafeName", named("d/../../outside")],
  ["an absolute name", "UnsafeName", named("/tmp/outside")],
  ["an absolute link", "UnsafeLink", Tar.symlink("link", "/etc/passwd")],
  ["a link that goes up", "UnsafeLink", Tar.symlink("link", "../outside")],
  ["a hard link to what it does not have", "UnsafeLink", Tar.hardlink("link", "/etc/passwd")]
]
