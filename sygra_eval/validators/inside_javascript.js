// Calls the answer with inputs and tells its answers; runs inside the sandbox as Node's program.
//
// As in inside_driver.py no expected value comes in. Orders come on standard input, answers go over
// the result pipe, one line of JSON each. Tests that could not be split run here too, after the
// answer was loaded; their verdict is then called cooperative.
"use strict";
const fs = require("fs");
const vm = require("vm");
const util = require("util");
const assert = require("assert");
const path = require("path");
const url = require("url");

const MOST_NODES = 200000;
const MOST_DEPTH = 60;
const LONGEST = 400;
const SOURCE = "answer.js";

// The answer may patch whatever it reaches, so what the encoder needs is taken before.
const { stringify, parse } = JSON;
const { getOwnPropertyDescriptor, getPrototypeOf, is, keys, prototype: plain } = Object;
const { isArray, prototype: arrays } = Array;
const ownKeys = Reflect.ownKeys;
const apply = Reflect.apply;
const { exit } = process;
const exitNow = exit.bind(process);
const writeSync = fs.writeSync;
const types = util.types;
const then = Promise.prototype.then;
const mapEntries = Map.prototype.entries;
const setValues = Set.prototype.values;
const mapNext = getPrototypeOf(new Map().entries()).next;
const setNext = getPrototypeOf(new Set().values()).next;
const define = Object.defineProperty;
const ERRORS = [
  Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, assert.AssertionError,
];
const ERROR_NAMES = [
  "Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError",
  "AssertionError",
];
const isPrototypeOf = plain.isPrototypeOf;
const text = String;
const BuiltInMap = Map;
const BuiltInSet = Set;
const readBigInt = BigInt;
const readNumber = Number;
const split = String.prototype.split;
const slice = String.prototype.slice;
const matches = RegExp.prototype.exec;
const make = Object.create;

class Opaque { constructor(kind) { this.kind = kind; } }
class TooLarge { constructor(why) { this.why = why; } }

main();

async function main() {
  const order = parse(fs.readFileSync(0, "utf8"));
  const descriptor = Number(process.env.SYGRA_EVAL_RESULT_FD);
  const tell = teller(descriptor, order.nonce);
  delete process.env.SYGRA_EVAL_RESULT_FD;
  tell("started", 0, [process.version]);
  const source = fs.readFileSync(SOURCE, "utf8");
  const lines = source.split("\n");
  let scope;
  try {
    scope = await loaded(source, order.names);
  } catch (error) {
    tell("unloaded", 0, order.tests ? failure(error, lines) : account(error, lines).slice(1));
    return leave();
  }
  tell("loaded", 0, order.tests ? {} : []);
  if (order.tests) await runTests(order.tests, tell, lines);
  else await answerAll(order, scope, tell, lines);
  return leave();
}

function leave() {
  exitNow(0);
}

function teller(descriptor, nonce) {
  return (kind, number, told) => {
    let line = Buffer.from(stringify([nonce, kind, number, told]) + "\n");
    while (line.length > 0) line = line.subarray(apply(writeSync, fs, [descriptor, line]));
  };
}

// Loading

async function loaded(source, names) {
  const module = { exports: {} };
  globalThis.require = require("module").createRequire(path.resolve(SOURCE));
  globalThis.module = module;
  globalThis.exports = module.exports;
  globalThis.__filename = SOURCE;
  globalThis.__dirname = ".";
  let script;
  try {
    script = new vm.Script(source, { filename: SOURCE });
  } catch (error) {
    if (!looksLikeModule(source)) throw error;
    return ofModule(await imported(source, names, error), names);
  }
  script.runInThisContext();
  return (name) => ofScript(name, module, names);
}

function looksLikeModule(source) {
  return /^\s*(import|export)\b/m.test(source) || /^\s*(const|let|var)?.*\bawait\b/m.test(source);
}

async function imported(source, names, firstError) {
  // What is not exported is still the answer's own: an added last line shows it.
  const shown = names.map((name, index) => `${name} as __sygra_${index}__`).join(", ");
  for (const ending of [`\nexport { ${shown} };\n`, "\n"]) {
    const file = path.resolve(ending.length > 1 ? "answer_shown.mjs" : "answer_as_is.mjs");
    fs.writeFileSync(file, source + ending);
    try {
      return await import(url.pathToFileURL(file).href);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  throw firstError;
}

function ofModule(exported, names) {
  const fallback = exported.default;
  const held = (name) => {
    const shown = exported[`__sygra_${names.indexOf(name)}__`];
    if (shown !== undefined) return shown;
    if (exported[name] !== undefined) return exported[name];
    if (fallback !== null && typeof fallback === "object") return fallback[name];
    return typeof fallback === "function" && names.length === 1 ? fallback : undefined;
  };
  for (const name of names) {
    if (!(name in globalThis)) globalThis[name] = held(name);
  }
  return held;
}

function ofScript(name, module, names) {
  let held;
  try {
    held = vm.runInThisContext(name, { filename: "name" });
  } catch {
    held = undefined;
  }
  if (held !== undefined) return held;
  const exported = module.exports;
  if (exported !== null && (typeof exported === "object" || typeof exported === "function")) {
    if (exported[name] !== undefined) return exported[name];
  }
  return typeof exported === "function" && names.length === 1 ? exported : undefined;
}

// Driver mode

async function answerAll(order, scope, tell, lines) {
  for (let position = 0; position < order.order.length; position += 1) {
    const unit = order.units[order.order[position]];
    const shown = [];
    for (let step = 0; step < unit.length; step += 1) {
      shown[step] = await called(unit[step], scope, lines);
    }
    tell("answer", position, shown);
  }
  tell("end", order.order.length, []);
}

async function called([name, forms, isAwaited], scope, lines) {
  const held = scope(name);
  if (typeof held !== "function") return ["missing", name];
  const args = [];
  for (let index = 0; index < forms.length; index += 1) args[index] = decoded(forms[index]);
  let got;
  try {
    got = apply(held, undefined, args);
    if (isAwaited) got = await got;
    else if (types.isPromise(got)) apply(then, got, [undefined, () => {}]);
  } catch (error) {
    return account(error, lines);
  }
  try {
    return ["value", encoded(got, 0, { nodes: 0 })];
  } catch (error) {
    if (error instanceof TooLarge) return ["large", error.why];
    return ["opaque", error instanceof Opaque ? error.kind : "an object that cannot be read"];
  }
}

function encoded(value, depth, count) {
  count.nodes += 1 + (typeof value === "string" ? value.length >> 4 : 0);
  if (count.nodes > MOST_NODES || depth > MOST_DEPTH) {
    throw new TooLarge(`more than ${MOST_NODES} parts or ${MOST_DEPTH} levels`);
  }
  switch (typeof value) {
    case "string": case "boolean": return value;
    case "undefined": return { u: 0 };
    case "number": return { n: is(value, -0) ? "-0" : text(value) };
    case "bigint": return { i: text(value) };
    case "function": throw new Opaque("a function");
    case "symbol": throw new Opaque("a symbol");
  }
  if (value === null) return null;
  if (types.isProxy(value)) throw new Opaque("a proxy");
  const kind = getPrototypeOf(value);
  if (isArray(value) && kind === arrays) return { a: elements(value, depth + 1, count) };
  if (types.isMap(value) && kind === BuiltInMap.prototype) {
    return { m: entriesOf(value, mapEntries, mapNext, depth + 1, count) };
  }
  if (types.isSet(value) && kind === BuiltInSet.prototype) {
    return { e: entriesOf(value, setValues, setNext, depth + 1, count) };
  }
  if (kind === plain && isPlain(value)) return { o: properties(value, depth + 1, count) };
  if (kind === null) return { O: properties(value, depth + 1, count) };
  throw new Opaque(nameOf(value));
}

function isPlain(value) {
  // `Object.prototype` can be put below an error or a boxed number; they stay what they are.
  return !types.isNativeError(value) && !types.isBoxedPrimitive(value) && !types.isDate(value)
    && !types.isRegExp(value) && !types.isMap(value) && !types.isSet(value)
    && !types.isPromise(value) && !types.isArgumentsObject(value) && !types.isAnyArrayBuffer(value)
    && !types.isArrayBufferView(value) && !isArray(value) && !types.isModuleNamespaceObject(value);
}

function elements(value, depth, count) {
  const { length } = value;
  if (length > MOST_NODES) throw new TooLarge(`more than ${MOST_NODES} parts`);
  if (ownKeys(value).length > length + 1) throw new Opaque("an array with properties");
  const made = [];
  for (let index = 0; index < length; index += 1) {
    const found = getOwnPropertyDescriptor(value, index);
    if (found === undefined) {
      count.nodes += 1;
      made[index] = { h: 0 };
    } else made[index] = encoded(held(found), depth, count);
  }
  if (ownKeys(value).length > length + 1) throw new Opaque("an array with properties");
  return made;
}

function properties(value, depth, count) {
  const made = [];
  const names = ownKeys(value);
  for (let index = 0; index < names.length; index += 1) {
    const found = getOwnPropertyDescriptor(value, names[index]);
    if (found === undefined || !found.enumerable) continue;
    if (typeof names[index] === "symbol") throw new Opaque("an object with a symbol");
    count.nodes += 1;
    made[made.length] = [names[index], encoded(held(found), depth, count)];
  }
  return made;
}

function held(descriptor) {
  if (!("value" in descriptor)) throw new Opaque("an object with a getter");
  return descriptor.value;
}

function entriesOf(value, begin, next, depth, count) {
  const made = [];
  const iterator = apply(begin, value, []);
  for (;;) {
    const step = apply(next, iterator, []);
    if (step.done) return made;
    const part = step.value;
    made[made.length] = begin === mapEntries
      ? [encoded(part[0], depth, count), encoded(part[1], depth, count)]
      : encoded(part, depth, count);
  }
}

function nameOf(value) {
  try {
    const name = value.constructor.name;
    return typeof name === "string" ? `of the class ${apply(slice, name, [0, 80])}` : "an object";
  } catch {
    return "an object";
  }
}

function decoded(form) {
  if (form === null || typeof form !== "object") return form;
  const tag = keys(form)[0];
  const inner = form[tag];
  switch (tag) {
    case "n": return readNumber(inner);
    case "i": return readBigInt(inner);
    case "u": return undefined;
    case "a": return inner.map(decoded);
    case "e": return new BuiltInSet(inner.map(decoded));
    case "m": return new BuiltInMap(inner.map(([key, value]) => [decoded(key), decoded(value)]));
  }
  const made = tag === "O" ? make(null) : {};
  for (const [name, value] of inner) {
    define(made, name, {
      value: decoded(value), writable: true, enumerable: true, configurable: true,
    });
  }
  return made;
}

// What was thrown

function account(error, lines) {
  return ["raise", namesOf(error), messageOf(error), toldOf(error), placeOf(error, lines)];
}

function namesOf(error) {
  const names = [];
  for (let index = 0; index < ERRORS.length; index += 1) {
    try {
      if (apply(isPrototypeOf, ERRORS[index].prototype, [error])) names[names.length] = ERROR_NAMES[index];
    } catch { return names; }
  }
  try {
    const own = error.name;
    if (typeof own === "string" && own.length < 80) names[names.length] = `.${own}`;
  } catch { return names; }
  return names;
}

function messageOf(error) {
  try {
    return apply(slice, text(error.message), [0, LONGEST]);
  } catch {
    return "";
  }
}

function toldOf(error) {
  try {
    const told = types.isNativeError(error) ? text(error) : `${util.inspect(error)} was thrown`;
    return apply(slice, told, [0, LONGEST]);
  } catch {
    return "something was thrown";
  }
}

function placeOf(error, lines) {
  try {
    const found = apply(matches, /answer(?:_shown|_as_is)?\.m?js:(\d+)/, [text(error.stack)]);
    const number = readNumber(found[1]);
    if (number > lines.length) return "";
    return `answer.js, line ${number}: ${apply(slice, lines[number - 1].trim(), [0, LONGEST])}`;
  } catch {
    return "";
  }
}

// Tests that could not be split

async function runTests(tests, tell, lines) {
  globalThis.assert = assert;
  for (let number = 0; number < tests.length; number += 1) {
    tell("start", number, {});
    try {
      await vm.runInThisContext(`(async () => {\n${tests[number]}\n})()`, { filename: "test.js" });
    } catch (error) {
      tell("fail", number, failure(error, lines));
      continue;
    }
    tell("pass", number, {});
  }
  tell("end", tests.length, {});
}

function failure(error, lines) {
  const told = { error: apply(split, toldOf(error), ["\n"])[0], where: placeOf(error, lines) };
  try {
    if (error instanceof assert.AssertionError && "actual" in error) {
      told.got = apply(slice, util.inspect(error.actual), [0, LONGEST]);
      told.expected = apply(slice, util.inspect(error.expected), [0, LONGEST]);
    }
  } catch { /* what the answer patched is not told */ }
  return told;
}
