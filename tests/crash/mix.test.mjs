// Random mixes of choices, events, withdrawals, restrictions, corrections, erasures, children, expiry, seals and kill -9
// against a real server: after each step all that can be read is what a simple model says (people.mjs): every visitor's
// copy, answers of the query engine (by the oracle's SQL), journal, ledger, receipts, audit trail and books.
//
// Time is the test's (setclock.c): days seal, journals go, months fold and choices expire within seconds. Kills come
// between steps, while several browsers wait for an answer, while days seal and expire, and during the start after a kill.
//
//     MIX_ROUNDS=40 CRASH_SEED=7 CRUMB=build/crumb BOXES=build/tests/boxes REPLAY=build/bench/replay \
//         SETCLOCK=build/tests/crash/libsetclock.so node tests/crash/mix.test.mjs
//
// CRASH_SEED=n MIX_ROUNDS=1 repeats the round of a seed: what is done, and when it dies; not what the machine does meanwhile.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { begin, eachSeed, isWhole, moment } from './harness.mjs';
import { Random } from './load.mjs';
import { DAY_MS, PURPOSES } from './people.mjs';
import { World } from './world.mjs';

const ROUNDS = 3;
const STEPS = 30;
const ACTS = 7; // of a step
const SEARCH_EVERY = 10; // steps
const HOUR_MS = 3_600_000;
const ANSWER_MS = 8; // about, while several ask
const WORK_MS = 250; // of the keeper, when much is due
const START_MS = 120;
const APART_MS = 31 * 60_000; // all of a visit comes under one choice

const ACTIONS = { visit: 0.55, choose: 0.16, restrict: 0.07, lift: 0.05, correct: 0.06, erase: 0.03, minor: 0.01, pass: 0.07 };
const ENDS = { nothing: 0.45, kill: 0.1, killAsking: 0.25, killWorking: 0.2 };

function someOf(random, list) {
    const some = list.filter(() => random.chance(0.7));
    return some.length ? some : [random.pick(list)];
}

function choiceOf(world, browser) {
    const { random } = world, all = Object.keys(PURPOSES);
    const action = random.choose(browser.identity?.has ? { custom: 0.7, grant: 0.1, withdraw: 0.15, deny: 0.05 } : { custom: 0.5, grant: 0.4, deny: 0.1 });
    return world.choose(browser, action, { custom: () => someOf(random, all), grant: () => all }[action]?.() ?? []);
}

function correctionOf(random) {
    const fields = { country: random.pick(['AT', 'CH', null]), language: random.pick(['fr', 'ro', null]), device: random.pick(['tablet', 'tv', null]) };
    return Object.fromEntries(someOf(random, Object.entries(fields)));
}

// Something that one browser asks for.
function actOf(world, name, browser) {
    switch (name) {
        case 'choose': return choiceOf(world, browser);
        case 'restrict': return world.restrict(browser, true);
        case 'lift': return world.restrict(browser, false);
        case 'correct': return world.correct(browser, correctionOf(world.random));
        case 'erase': return world.erase(browser);
        case 'minor': return world.choose(browser, 'minor', []);
        default: return world.see(browser, 'view', `/cut-${world.random.word().slice(0, 12)}`);
    }
}

const later = (random) => random.pick([HOUR_MS * random.between(1, 20), HOUR_MS * random.between(10, 60), DAY_MS * random.between(1, 8)]);

async function doOne(world) {
    const { random } = world, browser = random.pick(world.browsers), name = random.choose(ACTIONS);
    if (name === 'pass') return world.wait(later(random));
    if (name === 'visit' && (browser.identity?.has || random.chance(0.2))) return world.visit(browser);
    await world.wait(APART_MS);
    return world.do(actOf(world, name === 'visit' ? 'choose' : name, browser));
}

// Starts it again, perhaps after a while; sometimes it is killed once more before it is ready.
async function restart(world, share = 0.3) {
    const { random, server } = world;
    if (random.chance(share)) world.pass(later(random));
    while (random.chance(0.25)) {
        const started = begin(server);
        await moment(random.next() * START_MS);
        await world.crash();
        await started.catch(() => {});
    }
    assert.ok(await begin(server));
}

// Some ask, each with a browser of their own, and it dies before all have an answer.
async function killAsking(world) {
    const { random, now } = world;
    await world.wait(APART_MS);
    const free = world.browsers.filter((browser) => !world.isOver(browser));
    const acts = Array.from({ length: Math.min(free.length, random.between(1, 4)) }, () =>
        actOf(world, random.choose({ ...ACTIONS, minor: 0.04 }), free.splice(random.between(0, free.length - 1), 1)[0]));
    assert.ok(world.now > now);
    const asked = acts.map(async (act) => ({ act, answer: await act.fire() }));
    await moment(random.next() * ANSWER_MS);
    await world.crash();
    const open = [];
    for (const { act, answer } of await Promise.all(asked))
        if (answer) act.apply(answer);
        else open.push(act);
    await restart(world, 0); // what was done is looked for before its time is over
    await world.resolve(open);
    return open.length;
}

async function killWorking(world) {
    const { random } = world;
    world.pass(later(random));
    await moment(random.next() * WORK_MS);
    await world.crash();
    await restart(world);
}

async function step(world) {
    let open = 0;
    world.log.length = 0;
    for (let i = 0; i < ACTS; i++) await doOne(world);
    switch (world.random.choose(ENDS)) {
        case 'kill': await world.crash(); await restart(world); break;
        case 'killAsking': open = await killAsking(world); break;
        case 'killWorking': await killWorking(world); break;
        default:
    }
    await world.settle();
    await world.compare();
    return open;
}

// Pages of which nothing may tell any more are nowhere, whoever looks with all keys.
async function search(world) {
    const { server, people: { events } } = world;
    const told = JSON.stringify(await Promise.all(['journal', 'segment', 'rollup'].map((tier) => server.dump(tier)))), bytes = server.bytes();
    for (const path of new Set(events.map((one) => one.path).filter((one) => /^\/(own|cut)-/.test(one)))) {
        const isLeft = events.some((event) => event.path === path && !event.gone && event.classes.includes('log'));
        assert.equal(told.includes(path), isLeft || world.isFolded(path), `${path} can be read`);
        assert.ok(!bytes.includes(path), 'it lies there encrypted');
    }
}

async function round(seed, sum) {
    const random = new Random(seed), world = await World.make(random, random.chance(0.7));
    let at = 0;
    try {
        for (; at < STEPS; at++) {
            sum.open += await step(world);
            if (at % SEARCH_EVERY === SEARCH_EVERY - 1) await search(world);
        }
        await world.server.stop();
    } catch (error) {
        error.message = `step ${at}, ${new Date(world.now).toISOString()}: ${error.message}\nIn this step:\n${world.log.join('\n')}`;
        throw Object.assign(error, { world });
    }
    const { people } = world;
    for (const [name, n] of Object.entries({
        kills: world.kills, events: people.events.length, identities: people.identities.length, receipts: people.deeds.length,
        expired: people.expired.size, folded: people.folded.size,
    })) sum[name] = (sum[name] ?? 0) + n;
    world.cleanup();
}

describe('random mixes of rights, time and kill -9', { timeout: 3_000_000 }, () => {
    it('leave what a simple model says, after each step', async (t) => {
        const sum = { open: 0 };
        const server = {};
        await eachSeed('MIX_ROUNDS', ROUNDS, server, async (seed) => {
            t.diagnostic(`CRASH_SEED=${seed} MIX_ROUNDS=1 repeats this round`);
            await round(seed, sum).catch((error) => {
                Object.assign(server, { child: error.world?.server.child, data: error.world?.server.data });
                throw error;
            });
        });
        if (isWhole('MIX_ROUNDS', ROUNDS)) assert.ok(sum.kills && sum.open && sum.expired && sum.folded, JSON.stringify(sum));
        t.diagnostic(`${STEPS} steps a round: ${Object.entries(sum).map(([name, n]) => `${n} ${name}`).join(', ')}`);
    });
});
