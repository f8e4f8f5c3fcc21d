// A second opinion on who is a program: that of isbot, whose patterns nobody here wrote, over the agents of uap-core's tests
// and the mix that benchmarks send. Where the two differ, differences.txt says so and why; nothing else may differ.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { isbot } from 'isbot';
import { drawAgents } from '../../bench/lib/agents.mjs';

const UAP_CORE = process.env.UAP_CORE ?? '/usr/share/uap-core';

// A scalar of YAML, as uap-core writes them.
function scalar(text) {
    if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
    return text.startsWith('"') ? JSON.parse(text) : text;
}

// [agent, family]
const rows = (name) =>
    [...readFileSync(join(UAP_CORE, 'tests', name), 'utf8').matchAll(/user_agent_string: *(.*?) *\n\s*family: *(.*?) *\n/g)]
        .map(([, agent, family]) => [scalar(agent), scalar(family)]);
const spiders = rows('test_device.yaml').filter(([, family]) => family == 'Spider').map(([agent]) => agent);
const drawn = drawAgents(2000);
const agents = [...new Set([...rows('test_ua.yaml').map(([agent]) => agent), ...spiders, ...drawn])];

const judge = (list) => execFileSync(process.env.JUDGE, { input: list.join('\n') + '\n', encoding: 'utf8' }).trimEnd().split('\n');
const judged = judge(agents);
const isProgram = (agent) => judged[agents.indexOf(agent)] == 'program';

it('differs from isbot where differences.txt says so, and nowhere else', () => {
    const listed = readFileSync(new URL('differences.txt', import.meta.url), 'utf8').split('\n').filter((line) => /^(us|isbot)\t/.test(line));
    const found = agents
        .filter((agent) => isProgram(agent) != isbot(agent))
        .map((agent) => `${isbot(agent) ? 'isbot' : 'us'}\t${agent}`);
    assert.deepEqual(found.filter((line) => !listed.includes(line)), [], 'not listed');
    assert.deepEqual(listed.filter((line) => !found.includes(line)), [], 'listed, and no difference');
});

it('knows the spiders that uap-core knows', () => {
    assert.ok(spiders.length > 50);
    assert.deepEqual(spiders.filter((agent) => !isProgram(agent)), []);
});

it('takes nobody in the mix for a program who is none', () => {
    const programs = drawn.filter(isProgram);
    assert.ok(programs.length > 10);
    for (const agent of programs) assert.match(agent, /bot|curl|python/i);
});
