// The programs under script/ tell the truth: each runs in a small repository of its own, where what it calls is good
// or bad as a test wants it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, parse } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RUN_MS_MAX = 180_000; // four times the compiler of TypeScript, on a machine that does other things, too

const folders = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function newFolder() {
    const folder = mkdtempSync(join(tmpdir(), 'crumb-script-'));
    folders.push(folder);
    return folder;
}

function run(folder, program, args = [], env = process.env) {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', timeout: RUN_MS_MAX, env });
    return { code: status, stdout, stderr };
}

// A repository with @copied of this one and @written: texts by file name, those under script/ to be run.
function repository(copied, written = {}) {
    const folder = newFolder();
    for (const file of copied) cpSync(join(ROOT, file), join(folder, file), { recursive: true });
    for (const [file, text] of Object.entries(written)) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), text);
        if (file.startsWith('script/')) chmodSync(join(folder, file), 0o755);
    }
    assert.equal(run(folder, 'git', ['init', '-q']).code, 0);
    return folder;
}

// ---- script/lint ----

const LINT = ['script/lint', 'tests/tidy.mjs', '.clang-format', 'consent-js', 'pixel', 'web/dashboard', 'tests/types'];
const GOOD = '/*\n * A file.\n */\nint a;\n';

// The list of files that the rules look for, with the scripts that are copied.
const scripts = ['consent-js/src', 'pixel/src'].flatMap((folder) => readdirSync(join(ROOT, folder)).map((file) => parse(file).name));
const ARCHITECTURE = `## Every source file\n\n| ${scripts.join(', ')} |\n`;

// With a source of @text, and what npm installed here.
function lintable(text) {
    const folder = repository(LINT, { 'a.c': text, 'docs/architecture.md': ARCHITECTURE });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return folder;
}

for (const [name, text, code, line] of [
    ['good code', GOOD, 0, /^ok - clang-format$/m],
    ['code in another style', `${GOOD}int   b ;\n`, 1, /^lint: run script\/lint --fix$/m],
    ['code that breaks a rule of the house', 'int a;\n', 1, /^not ok \d+ - every file tells what it is$/m],
])
    test(`script/lint exits with ${code} for ${name}`, () => {
        const done = run(lintable(text), 'script/lint');
        assert.equal(done.code, code, done.stdout);
        assert.match(done.stdout, line);
    });

test('script/lint fails where clang-format cannot be run', () => {
    const folder = lintable(GOOD);
    const env = { ...process.env, PATH: pathOf('bash', 'git', 'dirname', 'head', 'node') };
    const { code, stdout } = run(folder, 'script/lint', [], env);
    assert.equal(code, 1, stdout);
    assert.match(stdout, /^not ok - clang-format$/m);
});

// ---- script/build ----

// A PATH with these programs only.
function pathOf(...programs) {
    const folder = newFolder();
    for (const program of ['env', ...programs]) {
        const { stdout } = run(folder, 'sh', ['-c', `command -v ${program}`]);
        symlinkSync(stdout.trim(), join(folder, program));
    }
    return folder;
}

test('script/build names script/setup where meson is missing', () => {
    const folder = repository(['script/build']);
    const { code, stderr } = run(folder, 'script/build', [], { PATH: pathOf('bash', 'dirname') });
    assert.equal(code, 1);
    assert.match(stderr, /script\/setup/);
});

test('script/build names script/setup where a library is missing', () => {
    const folder = repository(['script/build'], { 'meson.build': "project('x', 'c')\ndependency('nonexistent')\n" });
    const { code, stdout, stderr } = run(folder, 'script/build');
    assert.equal(code, 1);
    assert.match(stdout, /nonexistent/);
    assert.match(stderr, /script\/setup/);
});

test('script/build builds only what is named behind --, with the options before it', () => {
    const written = { 'meson.build': "project('x', 'c')\nexecutable('a', 'a.c')\nexecutable('b', 'b.c')\n", 'a.c': 'int main(void) { return 0; }\n' };
    const folder = repository(['script/build'], { ...written, 'b.c': 'int main(void) { broken\n' });
    const built = run(folder, 'script/build', ['out', '-Dbuildtype=plain', '--', 'a']);
    assert.equal(built.code, 0, built.stdout + built.stderr);
    assert.equal(run(folder, 'out/a').code, 0);
    assert.equal(run(folder, 'script/build', ['out']).code, 1, 'everything, where nothing is named');
});

// ---- script/setup ----

test('script/setup says what is missing where it cannot install it', () => {
    const folder = repository(['script/setup']);
    const { code, stderr } = run(folder, 'script/setup', [], { PATH: pathOf('bash', 'dirname', 'grep', 'id') });
    assert.equal(code, 1);
    assert.match(stderr, /As root: apt-get install .*libh2o-evloop-dev/);
});

// ---- script/test ----

// What script/test --quick prints where script/lint prints @lint and exits with @code. Nothing can be built here.
function quick(lint, code) {
    const folder = repository(['script/test'], {
        'script/setup': '#!/bin/sh\n',
        'script/lint': `#!/bin/sh\nprintf '${lint}'\nexit ${code}\n`,
        'script/build': '#!/bin/sh\nexit 1\n',
    });
    const done = run(folder, 'script/test', ['--quick']);
    assert.equal(done.code, 1, 'what cannot be built has failed');
    return done.stdout;
}

for (const [name, lint, code, end] of [
    ['passes', 'ok - a\\nok - b\\n', 0, '2 passed, 1 failed'],
    ['fails', 'ok - a\\nnot ok - b\\n# why\\n', 1, '1 passed, 2 failed'],
    ['dies', 'it died\\n', 2, '0 passed, 2 failed'],
    ['skips', 'ok - a\\nok 2 - b # SKIP there is no b\\n', 0, '1 skipped\n1 passed, 1 failed'],
])
    test(`script/test counts a test that ${name}, and shows what was said`, () => {
        const stdout = quick(lint, code);
        assert.ok(stdout.endsWith(`\n${end}\n`), stdout);
        for (const line of lint.split('\\n').filter((each) => each && !/^ok - /.test(each)))
            assert.ok(stdout.includes(`\n${line}\n`), stdout);
    });

// ---- tests/count.mjs ----

test('tests/count.mjs keeps what is skipped apart from what passed', () => {
    const folder = newFolder();
    const tap = 'TAP version 13\nok 1 - a\nok 2 - b # SKIP there is no b\nnot ok 3 - c\n1..3\n';
    const log = [
        { name: 'x', stdout: tap, result: 'FAIL' },
        { name: 'y', stdout: 'ok 1 - a # SKIP\n1..1\n', result: 'SKIP' },
        { name: 'z', stdout: '1..0 # SKIP nothing here\n', result: 'SKIP' },
        { name: 'died', stdout: '', result: 'TIMEOUT' },
    ];
    writeFileSync(join(folder, 'log.json'), log.map((line) => JSON.stringify(line)).join('\n'));
    const { stdout } = run(folder, process.execPath, [join(ROOT, 'tests/count.mjs'), 'log.json']);
    assert.deepEqual(stdout.trim().split('\n'), [
        'ok - x: a',
        'ok - x: b # SKIP there is no b',
        'not ok - x: c',
        'ok - y: a # SKIP',
        'ok - z (SKIP) # SKIP',
        'not ok - died (TIMEOUT)',
    ]);
});

// ---- tests/crash/disk.test.mjs ----

test('the test of a full file system says that it is skipped where mounting is not permitted', () => {
    const folder = repository([], { 'bin/unshare': '#!/bin/sh\nexit 1\n' });
    chmodSync(join(folder, 'bin/unshare'), 0o755);
    const file = join(ROOT, 'tests/crash/disk.test.mjs');
    const { NODE_TEST_CONTEXT: _, ...env } = process.env; // of the runner of this file
    const { stdout } = run(folder, process.execPath, ['--test-reporter=tap', '--test-name-pattern=file system', file], {
        ...env,
        CRUMB: env.CRUMB ?? process.execPath, // is not started
        PATH: `${join(folder, 'bin')}:${env.PATH}`,
    });
    assert.match(stdout, /^ *ok 1 - on the file system # SKIP mounting is not permitted/m);
});
