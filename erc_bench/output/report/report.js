"use strict";
// What a reader may do with the page: sort and filter its tables, and look behind the numbers of a
// confusion matrix. Texts are set as text, never as markup.
(() => {
  const PAGE = 20;
  const CONTEXT = 3;
  const byId = (id) => document.getElementById(id);

  function make(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  }

  // ---- what is wider than the page ----

  // Only what must be scrolled is a stop of the Tab key; the headings of all else stay in sight.
  function measure(box) {
    const wide = box.scrollWidth > box.clientWidth + 1;
    box.classList.toggle("wide", wide);
    box.classList.toggle("fits", !wide);
    box.classList.toggle("more", wide && box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
    box.tabIndex = wide ? 0 : -1;
  }

  const sizes = new ResizeObserver((entries) => requestAnimationFrame(() => entries.forEach((each) => measure(each.target))));

  function boxed(box) {
    sizes.observe(box);
    box.addEventListener("scroll", () => measure(box), { passive: true });
  }

  // ---- sorting ----

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.classList.contains("unsorted")) return;
      const button = make("button", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const falling = head.getAttribute("aria-sort") === "none" ? isNumeric(table, column) : head.getAttribute("aria-sort") === "ascending";
        heads.forEach((each) => each.hasAttribute("aria-sort") && each.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", falling ? "descending" : "ascending");
        for (const body of table.tBodies) sortRows(body, column, falling);
      });
    });
  }

  function keyOf(row, column) {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    const number = text === "" ? NaN : Number(text);
    return { text, number, empty: text === "" || text === "-" };
  }

  function isNumeric(table, column) {
    const keys = [...table.tBodies].flatMap((body) => lines(body).map((row) => keyOf(row, column)));
    return keys.some((key) => !key.empty) && keys.every((key) => key.empty || !Number.isNaN(key.number));
  }

  const lines = (body) => [...body.rows].filter((row) => !row.classList.contains("group"));

  function sortRows(body, column, falling) {
    const sign = falling ? -1 : 1;
    const keyed = lines(body).map((row) => ({ row, key: keyOf(row, column) }));
    // What has no value stays last in both directions.
    keyed.sort((a, b) => {
      if (a.key.empty || b.key.empty) return a.key.empty - b.key.empty;
      const numeric = a.key.number - b.key.number;
      return sign * (Number.isNaN(numeric) ? a.key.text.localeCompare(b.key.text, "en", { numeric: true }) : numeric);
    });
    body.append(...keyed.map(({ row }) => row));
  }

  // ---- filtering ----

  function filters() {
    const form = byId("filters");
    const filtered = [...document.querySelectorAll("[data-search], [data-dataset]")];
    const main = [...document.querySelectorAll("#scores tbody tr")];
    const tables = [...document.querySelectorAll("table.sortable")].filter((table) => table.querySelector("[data-search]"));
    const empty = tables.map((table) => make("p", { class: "hint", hidden: true }, "No row fits the filters."));
    tables.forEach((table, i) => table.closest(".scroll").after(empty[i]));
    const groups = [...document.querySelectorAll("details[data-dataset]")].filter((group) => group.querySelector("details"));
    const left = (root) => [...root.querySelectorAll("[data-search]")].some((node) => !node.hidden);
    const apply = () => {
      const words = byId("filter-method").value.trim().toLowerCase();
      const dataset = byId("filter-dataset").value;
      const backbone = byId("filter-backbone").value;
      for (const node of filtered) {
        const { search, dataset: own, backbone: its } = node.dataset;
        const fits =
          (!dataset || own === undefined || own === dataset) &&
          (!backbone || its === undefined || its === backbone) &&
          (search === undefined || search.toLowerCase().includes(words));
        node.hidden = !fits;
      }
      // What has no line left says so, or goes with its lines.
      tables.forEach((table, i) => {
        for (const body of table.tBodies) for (const row of body.querySelectorAll(".group")) row.hidden ||= !left(body);
        empty[i].hidden = left(table);
        table.closest(".scroll").hidden = !empty[i].hidden;
      });
      for (const group of groups) group.hidden ||= !left(group);
      const fit = main.filter((row) => !row.hidden).length;
      byId("filter-status").textContent = fit === main.length ? "" : `${fit || "None"} of ${main.length} rows of the table of scores ${fit === 1 ? "fits" : "fit"}.`;
    };
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(apply));
    // A browser that goes back to the page fills in what was there.
    apply();
  }

  // ---- the confusion explorer ----

  const code = (text, at) => text.charCodeAt(at) - 48;

  function ranges(seeds) {
    const runs = [];
    for (const seed of seeds) {
      const last = runs[runs.length - 1];
      if (last && seed === last[1] + 1) last[1] = seed;
      else runs.push([seed, seed]);
    }
    return runs.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(", ");
  }

  function prepare(column) {
    column.dialogueOf = column.sizes.flatMap((size, dialogue) => Array(size).fill(dialogue));
    column.goldAt = new Map(column.positions.map((position, at) => [`${column.dialogueOf[at]} ${position}`, code(column.gold, at)]));
  }

  // The seeds of a row that are looked at: one of them, or all.
  function chosenSeeds(row, seed) {
    const places = row.seeds.map((_, place) => place);
    return seed === "" ? places : places.filter((place) => row.seeds[place] === Number(seed));
  }

  function countMatrix(column, row, places) {
    const counts = column.labels.map(() => column.labels.map(() => 0));
    for (const place of places) {
      const answers = row.answers[place];
      for (let at = 0; at < column.gold.length; at++) counts[code(column.gold, at)][code(answers, at)] += 1 / places.length;
    }
    return counts;
  }

  const rounded = (value) => (Math.abs(value - Math.round(value)) < 1e-9 ? String(Math.round(value)) : value.toFixed(1));

  function explorer(columns) {
    const root = byId("explorer");
    if (!root) return;
    if (!columns.length) {
      root.append(make("p", { class: "hint" }, "No test answers are in this report."));
      return;
    }
    columns.forEach(prepare);
    const selects = {
      column: make("select", { id: "explorer-dataset" }),
      first: make("select", { id: "explorer-first" }),
      second: make("select", { id: "explorer-second" }),
      seed: make("select", { id: "explorer-seed" }),
      unit: make("select", { id: "explorer-unit" }),
      filter: make("select", { id: "explorer-filter" }),
    };
    const names = { column: "Dataset", first: "Method", second: "Beside it", seed: "Seeds", unit: "Numbers", filter: "List" };
    const controls = make("div", { class: "controls" });
    for (const [key, select] of Object.entries(selects)) controls.append(make("label", {}, `${names[key]} `, select));
    const words = make("p", { class: "hint matrix-words", id: "explorer-words" });
    const matrix = make("div", { class: "scroll", role: "region", "aria-label": "Confusion matrix", tabindex: "0" });
    const heading = make("h3", { id: "explorer-heading", "aria-live": "polite", tabindex: "-1" });
    const list = make("ol", { class: "utterances" });
    const more = make("button", { type: "button", id: "explorer-more" });
    root.append(controls, words, matrix, heading, list, more);
    boxed(matrix);

    let cell = null;
    let found = [];
    const options = (select, pairs) => select.replaceChildren(...pairs.map(([value, text]) => make("option", { value }, text)));
    const column = () => columns[Number(selects.column.value)];
    const first = () => column().rows[Number(selects.first.value)];
    const second = () => (selects.second.value === "" ? null : column().rows[Number(selects.second.value)]);

    options(selects.column, columns.map((each, i) => [i, each.title]));
    options(selects.unit, [["count", "utterances"], ["share", "% of the true class"]]);
    fillRows();

    function fillRows() {
      const rows = column().rows.map((row, i) => [i, row.label]);
      options(selects.first, rows);
      options(selects.second, [["", "nothing"], ...rows]);
      // The best row, and beside it the one that it is compared with.
      [selects.first.value, selects.second.value = ""] = column().opens;
      fillSeeds();
    }

    function fillSeeds() {
      const seeds = second() ? first().seeds.filter((seed) => second().seeds.includes(seed)) : first().seeds;
      const kept = selects.seed.value;
      options(selects.seed, [["", "all, on average"], ...seeds.map((seed) => [seed, `seed ${seed}`])]);
      if (seeds.map(String).includes(kept)) selects.seed.value = kept;
      fillFilter();
    }

    function fillFilter() {
      const other = second();
      const kept = selects.filter.value;
      options(selects.filter, [["", "all of the cell"], ...(other ? [["right", `only where ${other.label} is right`], ["wrong", `only where ${other.label} is wrong`]] : [])]);
      if (other) selects.filter.value = kept;
      draw();
    }

    function draw() {
      const rows = [first(), second()].filter(Boolean);
      const matrices = rows.map((row) => countMatrix(column(), row, chosenSeeds(row, selects.seed.value)));
      matrix.replaceChildren(table(rows, matrices));
      measure(matrix);
      if (cell && (cell.gold >= column().labels.length || cell.answer >= column().labels.length)) cell = null;
      show();
    }

    function table(rows, matrices) {
      const { labels } = column();
      const shares = selects.unit.value === "share";
      const beside = rows.length > 1 ? `; small: ${rows[1].label}` : "";
      words.textContent = `${rows[0].label} on ${column().title}${beside}. Rows: true class. Columns: answer. Choose a cell to read its utterances.`;
      const result = make("table", { class: "matrix", "aria-describedby": words.id });
      const heads = ["true \\ answer", ...labels, "all"].map((label) => make("th", { scope: "col" }, label));
      result.append(make("thead", {}, make("tr", {}, ...heads)));
      const body = make("tbody");
      labels.forEach((label, gold) => {
        const total = matrices[0][gold].reduce((sum, value) => sum + value, 0);
        const line = make("tr", {}, make("th", { scope: "row" }, label));
        labels.forEach((_, answer) => line.append(entry(rows, matrices, gold, answer, total, shares)));
        line.append(make("td", { class: "figure" }, rounded(total)));
        body.append(line);
      });
      result.append(body);
      result.addEventListener("keydown", move);
      return result;
    }

    function entry(rows, matrices, gold, answer, total, shares) {
      const { labels } = column();
      const values = matrices.map((counts) => (shares ? (total ? (100 * counts[gold][answer]) / total : 0) : counts[gold][answer]));
      const texts = values.map((value) => (shares ? value.toFixed(1) : rounded(value)));
      const told = rows.map((row, i) => `${row.label} ${texts[i]}${shares ? " %" : ""}`).join(", ");
      const chosen = cell && cell.gold === gold && cell.answer === answer;
      const here = chosen || (!cell && gold === 0 && answer === 0);
      const button = make("button", {
        type: "button",
        "aria-label": `true ${labels[gold]}, answer ${labels[answer]}: ${told}`,
        "aria-pressed": String(Boolean(chosen)),
        tabindex: here ? "0" : "-1",
        "data-gold": gold,
        "data-answer": answer,
      }, texts[0]);
      if (texts.length > 1) button.append(make("span", { class: "second" }, texts[1]));
      button.style.setProperty("--share", total ? (matrices[0][gold][answer] / total).toFixed(3) : "0");
      button.addEventListener("click", () => {
        cell = { gold, answer };
        for (const each of matrix.querySelectorAll("button")) {
          each.setAttribute("aria-pressed", String(each === button));
          each.tabIndex = each === button ? 0 : -1;
        }
        show();
      });
      return make("td", { class: gold === answer ? "right" : null }, button);
    }

    // One stop of the Tab key for the whole matrix; arrows move within.
    function move(event) {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      const from = event.target.closest("button");
      if (!step || !from) return;
      const to = matrix.querySelector(`[data-gold="${Number(from.dataset.gold) + step[0]}"][data-answer="${Number(from.dataset.answer) + step[1]}"]`);
      event.preventDefault();
      if (!to) return;
      from.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    }

    function show() {
      list.replaceChildren();
      found = cell ? utterancesOf(cell) : [];
      if (!cell) heading.textContent = "";
      else {
        const { labels } = column();
        const seeds = selects.seed.value === "" ? " in at least one seed" : ` with seed ${selects.seed.value}`;
        heading.textContent = `${found.length} ${found.length === 1 ? "utterance" : "utterances"}: true ${labels[cell.gold]}, ${first().label} answers ${labels[cell.answer]}${seeds}`;
      }
      showMore();
    }

    function utterancesOf({ gold, answer }) {
      const row = first();
      const places = chosenSeeds(row, selects.seed.value);
      const hits = [];
      for (let at = 0; at < column().gold.length; at++) {
        if (code(column().gold, at) !== gold) continue;
        const times = places.filter((place) => code(row.answers[place], at) === answer).length;
        if (times && passes(at)) hits.push({ at, times });
      }
      // What most seeds say comes first; then the order of the corpus.
      return hits.sort((a, b) => b.times - a.times || a.at - b.at).map(({ at }) => at);
    }

    function passes(at) {
      const other = second();
      if (!other || selects.filter.value === "") return true;
      const places = chosenSeeds(other, selects.seed.value);
      const right = places.filter((place) => code(other.answers[place], at) === code(column().gold, at)).length;
      return selects.filter.value === "right" ? 2 * right > places.length : 2 * right < places.length;
    }

    function showMore() {
      const start = list.children.length;
      const next = found.slice(start, start + PAGE);
      list.append(...next.map(utterance));
      const left = found.length - start - next.length;
      more.hidden = left <= 0;
      more.textContent = `Show ${Math.min(PAGE, left)} more of ${left}`;
      return list.children[start];
    }

    function utterance(at) {
      const here = column();
      const dialogue = here.dialogueOf[at];
      const position = here.positions[at];
      const name = `dialogue ${here.dialogues[dialogue]}, turn ${position + 1}`;
      const item = make("li", { tabindex: "-1" }, make("h4", {}, name), ...turns(dialogue, position));
      const said = make("dl");
      said.append(make("dt", {}, "true class"), make("dd", {}, here.labels[code(here.gold, at)]));
      for (const row of [first(), second()].filter(Boolean)) said.append(make("dt", {}, row.label), make("dd", {}, answersOf(row, at)));
      item.append(said, everyone(at));
      return item;
    }

    function turns(dialogue, position) {
      const flat = column().turns[dialogue] ?? [];
      if (!flat.length) return [];
      const lines = [];
      for (let turn = 0; turn <= position; turn++) {
        const gold = column().goldAt.get(`${dialogue} ${turn}`);
        const label = turn < position && gold !== undefined ? ` (${column().labels[gold]})` : "";
        const speaker = make("span", { class: "speaker" }, `${column().speakers[flat[2 * turn]]}: `);
        lines.push(make("li", { class: turn === position ? "asked" : null }, speaker, flat[2 * turn + 1], make("small", {}, label)));
      }
      const early = lines.slice(0, Math.max(0, lines.length - 1 - CONTEXT));
      const late = make("ol", { class: "turns" }, ...lines.slice(early.length));
      if (!early.length) return [late];
      const summary = make("summary", {}, `${early.length} earlier ${early.length === 1 ? "turn" : "turns"}`);
      return [make("details", {}, summary, make("ol", { class: "turns" }, ...early)), late];
    }

    function answersOf(row, at) {
      const said = new Map();
      for (const place of chosenSeeds(row, selects.seed.value)) {
        const label = column().labels[code(row.answers[place], at)];
        said.set(label, [...(said.get(label) ?? []), row.seeds[place]]);
      }
      if (!said.size) return "this seed was not run";
      if (said.size === 1) return [...said.keys()][0];
      return [...said].sort((a, b) => b[1].length - a[1].length).map(([label, seeds]) => `${label} (seed ${ranges(seeds)})`).join(", ");
    }

    function everyone(at) {
      const details = make("details", {}, make("summary", {}, "What every method answered"));
      details.addEventListener("toggle", () => {
        if (details.children.length > 1) return;
        const said = make("dl");
        for (const row of column().rows) said.append(make("dt", {}, row.label), make("dd", {}, answersOf(row, at)));
        details.append(said);
      });
      return details;
    }

    selects.column.addEventListener("change", () => { cell = null; fillRows(); });
    selects.first.addEventListener("change", fillSeeds);
    selects.second.addEventListener("change", fillSeeds);
    for (const key of ["seed", "unit"]) selects[key].addEventListener("change", draw);
    selects.filter.addEventListener("change", show);
    more.addEventListener("click", () => showMore().focus());
  }

  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll(".scroll").forEach(boxed);
  filters();
  explorer(JSON.parse(byId("data").textContent).columns);
  document.querySelectorAll(".without-script").forEach((hint) => hint.remove());
})();
