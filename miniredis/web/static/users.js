// Users and their rights, and the log of what was refused.

import { command } from "./wire.js";
import { h, fill, head, table, flushCard, badge, attempt, dialog, confirm, duration } from "./dom.js";
import { text, object } from "./values.js";

export function show(view) {
  const users = h("div", {});
  const log = h("div", {});
  const me = h("span", { className: "muted small" });
  fill(view,
    head("Users", me,
      h("button", { onclick: () => edit("", "on >password ~* &* +@all") }, "New user"),
      h("button", { title: "ACL SAVE: write the aclfile", onclick: () => attempt(() => command(["ACL", "SAVE"]), "Saved") }, "Save to file"),
      h("button", { onclick: load }, "Refresh")),
    h("div", { className: "stack" }, flushCard("Users", users),
      flushCard(h("div", { className: "row" }, h("h2", {}, "Refused"), h("div", { className: "spacer" }),
        h("button", { className: "small", onclick: () => attempt(() => command(["ACL", "LOG", "RESET"]), "Emptied").then(load) }, "Reset")), log)));

  async function edit(name, rules) {
    const given = await dialog(name ? `Change ${name}` : "New user", [
      ...(name ? [] : [{ name: "name", label: "Name", required: true }]),
      { name: "rules", label: "Rules, as ACL SETUSER takes them", value: rules, rows: 5, hint: "They are applied one after the other; reset first to begin from nothing." },
    ], { action: name ? "Apply" : "Create" });
    if (!given) return;
    if ((await attempt(() => command(["ACL", "SETUSER", name || given.name, ...given.rules.split(/\s+/).filter(Boolean)]), "Done")) !== null) load();
  }

  async function remove(name) {
    if (await confirm("Delete this user?", `${name} is logged out everywhere.`)) {
      await attempt(() => command(["ACL", "DELUSER", name]), "Deleted");
      load();
    }
  }

  async function load() {
    try {
      const [lines, who] = await Promise.all([command(["ACL", "LIST"]), command(["ACL", "WHOAMI"])]);
      me.textContent = `You are ${text(who)}.`;
      fill(users, table(["User", "State", "Rules", ""], lines.map((line) => {
        const [, name, ...rules] = text(line).split(" ");
        const open = rules.includes("nopass");
        const shown = rules.filter((rule) => !["on", "off"].includes(rule)).map((rule) => (rule.startsWith("#") ? `#${rule.slice(1, 9)}…` : rule)).join(" ");
        return [[name, "mono"], [[badge(rules.includes("on") ? "on" : "off", rules.includes("on") ? "good" : "bad"), open ? [" ", badge("no password", "warn")] : ""], "tight"], [shown, "mono"],
          [h("div", { className: "row nowrap" }, h("button", { className: "small", onclick: () => edit(name, "") }, "Change"),
            name === "default" ? null : h("button", { className: "small danger", onclick: () => remove(name) }, "Delete")), "tight"]];
      })));
      const refusals = (await command(["ACL", "LOG"])).map(object);
      fill(log, table(["Why", "What", "User", "Client", ["Times", "num"], ["Ago", "num"]], refusals.map((each) => [
        `${text(each.reason)} (${text(each.context)})`, [text(each.object), "mono"], text(each.username),
        [/addr=(\S+)/.exec(text(each["client-info"]))?.[1] || "", "mono"], [text(each.count), "num"], [duration(Number(text(each["age-seconds"]))), "num"],
      ]), "Nothing was refused."));
    } catch (problem) {
      fill(users, h("p", { className: "empty" }, problem.message));
      fill(log, h("p", { className: "empty" }, "–"));
    }
  }

  load();
}
