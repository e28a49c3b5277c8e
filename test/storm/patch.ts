interface Hunk {
  readonly old: string;
  readonly fresh: string;
}

/**
 * Applies a unified diff to sources, by its text alone: line numbers may have moved. (There need not be a git on the machine.)
 * @param read a file's text by its path in the diff
 * @returns the changed files by path
 * @throws Error when a hunk's lines are not there exactly once: the code has changed, and the patch must be made anew
 */
export function applied(diff: string, read: (path: string) => string): Map<string, string> {
  const files = new Map<string, string>();
  for (const section of diff.split(/^diff --git .*$/m).slice(1)) {
    const path = /^\+\+\+ b\/(.+)$/m.exec(section)?.[1];
    if (path === undefined) throw new Error('A section of the patch names no file');
    let text = files.get(path) ?? read(path);
    for (const { old, fresh } of hunksOf(section)) {
      const found = text.split(old).length - 1;
      if (found !== 1) throw new Error(`${path}: these lines are there ${found} times:\n${old}`);
      text = text.replace(old, () => fresh);
    }
    files.set(path, text);
  }
  if (files.size === 0) throw new Error('The patch changes nothing');
  return files;
}

function hunksOf(section: string): Hunk[] {
  return section
    .split(/^@@ .*$/m)
    .slice(1)
    .map((hunk) => {
      const lines = hunk.split('\n').slice(1);
      if (lines.at(-1) === '') lines.pop();
      const side = (...signs: string[]): string =>
        lines
          .filter((line) => signs.includes(line.charAt(0)))
          .map((line) => `${line.slice(1)}\n`)
          .join('');
      return { old: side(' ', '-'), fresh: side(' ', '+') };
    });
}
