"""The loops of the benchmarks as JAX and Numba must have them: `lax`, and derivatives by hand in forward mode."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from loops_data import DATA, NORMALS, OBSERVED, SERIES, TIMES, dormand_prince

__all__ = ["by_jax", "by_numba"]

STEPS = 500


def by_jax() -> dict[str, Any]:
    import jax
    import jax.numpy as jnp
    from jax import lax

    jax.config.update("jax_enable_x64", True)

    def newton(a: Any) -> Any:
        return lax.while_loop(lambda x: abs(x * x - a) > 1e-12 * a, lambda x: 0.5 * (x + a / x), a)

    def bisection(a: Any) -> Any:
        def turn(state: Any) -> Any:
            low, high = state
            middle = 0.5 * (low + high)
            above = middle**3 + middle > a
            return jnp.where(above, low, middle), jnp.where(above, middle, high)

        low, high = lax.while_loop(lambda state: state[1] - state[0] > 1e-3 * a, turn, (0.0 * a, a))
        x = 0.5 * (low + high)
        return x - (x**3 + x - a) / (3.0 * x * x + 1.0)

    def van_der_pol(mu: Any, end: float = 12.0, tolerance: float = 1e-8) -> Any:
        def slope(x: Any, v: Any) -> Any:
            return v, mu * (1.0 - x * x) * v - x

        def step(state: Any) -> Any:
            t, x, v, h = state
            h = jnp.minimum(h, end - t)
            new_x, new_v, off_x, off_v = dormand_prince(slope, x, v, h)
            error = h * jnp.sqrt(off_x * off_x + off_v * off_v) / tolerance
            good = error <= 1.0
            factor = jnp.minimum(5.0, jnp.maximum(0.2, 0.9 * (error + 1e-10) ** -0.2))
            return jnp.where(good, t + h, t), jnp.where(good, new_x, x), jnp.where(good, new_v, v), h * factor

        return lax.while_loop(lambda state: state[0] < end, step, (0.0, 2.0 + 0.0 * mu, 0.0 * mu, 0.01))[1]

    def american(s0: Any, sigma: Any, strike: float = 100.0, rate: float = 0.05, years: float = 1.0) -> Any:
        dt = years / STEPS
        up = jnp.exp(sigma * dt**0.5)
        p = (jnp.exp(rate * dt) - 1.0 / up) / (up - 1.0 / up)
        rise, fall = jnp.exp(-rate * dt) * p, jnp.exp(-rate * dt) * (1.0 - p)
        s = s0 * up ** (2.0 * jnp.arange(STEPS + 1.0) - STEPS)

        def earlier(state: Any, _: Any) -> Any:
            s, v = state
            s = s * up
            return (s, jnp.maximum(rise * jnp.append(v[1:], 0.0) + fall * v, strike - s)), None

        (_, v), _ = lax.scan(earlier, (s, jnp.maximum(strike - s, 0.0)), None, STEPS)
        return v[0]

    def barrier(s0: Any, sigma: Any) -> Any:
        dt = 1.0 / len(NORMALS)

        def day(state: Any, z: Any) -> Any:
            s, alive = state
            s = s * jnp.exp(-0.5 * sigma * sigma * dt + sigma * dt**0.5 * z)
            return (s, alive & (s >= 80.0)), None

        (s, alive), _ = lax.scan(day, (s0, True), jnp.array(NORMALS))
        return jnp.where(alive, jnp.maximum(s - 100.0, 0.0), 0.0)

    def kalman(q: Any, r: Any) -> Any:
        def day(state: Any, seen: Any) -> Any:
            level, variance, total = state
            y, is_there = seen
            variance = variance + q
            s = variance + r
            off, gain = y - level, variance / s
            more = total - 0.5 * (jnp.log(2.0 * math.pi * s) + off * off / s)
            there = (level + gain * off, (1.0 - gain) * variance, more)
            return jax.tree.map(lambda a, b: jnp.where(is_there > 0.0, a, b), there, (level, variance, total)), None

        (_, _, total), _ = lax.scan(day, (0.0, 10.0, 0.0), (jnp.array(SERIES), jnp.array(OBSERVED)))
        return total

    def levenberg_marquardt(scale: Any) -> Any:
        times, data = scale * jnp.array(TIMES), jnp.array(DATA)

        def step(state: Any) -> Any:
            a, b, damping, error, _ = state
            waves = jnp.exp(-b * times)
            off, by_b = a * waves - data, -a * times * waves
            aa, bb = (waves * waves).sum() * (1.0 + damping), (by_b * by_b).sum() * (1.0 + damping)
            ab = (waves * by_b).sum()
            ga, gb = (waves * off).sum(), (by_b * off).sum()
            determinant = aa * bb - ab * ab
            da, db = (ga * bb - gb * ab) / determinant, (gb * aa - ga * ab) / determinant
            new = (((a - da) * jnp.exp(-(b - db) * times) - data) ** 2).sum()
            better, size = new < error, abs(da) + abs(db)
            return (
                jnp.where(better, a - da, a), jnp.where(better, b - db, b),
                jnp.where(better, damping * 0.1, damping * 10.0), jnp.where(better, new, error),
                jnp.where(better, size, jnp.where(size < 1e-8, size, 1.0)),
            )  # fmt: skip

        first = ((jnp.exp(-0.5 * times) - data) ** 2).sum()
        return lax.while_loop(lambda state: state[4] > 1e-7, step, (1.0, 0.5, 1e-2, first, 1.0))[1]

    def pendulum(theta: Any, damping: Any, h: float = 0.01) -> Any:
        def slope(x: Any, v: Any) -> Any:
            return v, -jnp.sin(x) - damping * v

        def step(state: Any, _: Any) -> Any:
            x, v = state
            a1, b1 = slope(x, v)
            a2, b2 = slope(x + 0.5 * h * a1, v + 0.5 * h * b1)
            a3, b3 = slope(x + 0.5 * h * a2, v + 0.5 * h * b2)
            a4, b4 = slope(x + h * a3, v + h * b3)
            return (x + h / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4), v + h / 6.0 * (b1 + 2.0 * b2 + 2.0 * b3 + b4)), None

        (x, _), _ = lax.scan(step, (theta, 0.0 * theta), None, 1000)
        return x

    def forward(f: Any) -> Any:
        return jax.jit(lambda x: jax.jvp(f, (x,), (1.0,)))

    def reverse(f: Any) -> Any:
        return jax.jit(jax.value_and_grad(f, (0, 1)))

    return {
        "newton": forward(newton), "bisection": forward(bisection), "van_der_pol": forward(van_der_pol),
        "levenberg_marquardt": forward(levenberg_marquardt), "american": reverse(american), "barrier": reverse(barrier),
        "kalman": reverse(kalman), "pendulum": reverse(pendulum), "ready": jax.block_until_ready,
    }  # fmt: skip


def by_numba() -> dict[str, Any]:
    import numba

    njit = numba.njit

    @njit
    def newton(a: float) -> Any:
        x, dx = a, 1.0
        while abs(x * x - a) > 1e-12 * a:
            dx = 0.5 * (dx + 1.0 / x - a * dx / (x * x))
            x = 0.5 * (x + a / x)
        return x, dx

    @njit
    def bisection(a: float) -> Any:
        low, high, dlow, dhigh = 0.0, a, 0.0, 1.0
        while high - low > 1e-3 * a:
            middle, dmiddle = 0.5 * (low + high), 0.5 * (dlow + dhigh)
            if middle * middle * middle + middle > a:
                high, dhigh = middle, dmiddle
            else:
                low, dlow = middle, dmiddle
        x, dx = 0.5 * (low + high), 0.5 * (dlow + dhigh)
        top, bottom = x * x * x + x - a, 3.0 * x * x + 1.0
        return x - top / bottom, dx - ((3.0 * x * x * dx + dx - 1.0) * bottom - top * 6.0 * x * dx) / (bottom * bottom)

    @njit
    def slope4(x: float, v: float, dx: float, dv: float, mu: float) -> Any:
        return v, mu * (1.0 - x * x) * v - x, dv, (1.0 - x * x) * v + mu * ((1.0 - x * x) * dv - 2.0 * x * dx * v) - dx

    stages = np.zeros((6, 6))
    for row, weights in enumerate((
        [1 / 5], [3 / 40, 9 / 40], [44 / 45, -56 / 15, 32 / 9],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
        [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    )):  # fmt: skip
        stages[row, : len(weights)] = weights
    off = np.array([71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])

    @njit
    def van_der_pol(mu: float) -> Any:
        end, tolerance = 12.0, 1e-8
        t, x, v, h = 0.0, 2.0, 0.0, 0.01
        dt, dx, dv, dh = 0.0, 0.0, 0.0, 0.0
        k = np.empty((7, 4))
        y, new = np.empty(4), np.empty(4)
        while t < end:
            if end - t < h:
                h, dh = end - t, -dt
            y[0], y[1], y[2], y[3] = x, v, dx, dv
            k[0] = slope4(x, v, dx, dv, mu)
            for stage in range(6):
                for i in range(2):
                    total, dtotal = 0.0, 0.0
                    for j in range(stage + 1):
                        total += stages[stage, j] * k[j, i]
                        dtotal += stages[stage, j] * k[j, i + 2]
                    new[i], new[i + 2] = y[i] + h * total, y[i + 2] + h * dtotal + dh * total
                k[stage + 1] = slope4(new[0], new[1], new[2], new[3], mu)
            p, q, dp, dq = 0.0, 0.0, 0.0, 0.0
            for j in range(7):
                p, q, dp, dq = p + off[j] * k[j, 0], q + off[j] * k[j, 1], dp + off[j] * k[j, 2], dq + off[j] * k[j, 3]
            size = math.sqrt(p * p + q * q)
            error = h * size / tolerance
            derror = (dh * size + (h * (p * dp + q * dq) / size if size > 0.0 else 0.0)) / tolerance
            if error <= 1.0:
                t, dt, x, v, dx, dv = t + h, dt + dh, new[0], new[1], new[2], new[3]
            factor = 0.9 * (error + 1e-10) ** -0.2
            dfactor = -0.2 * factor / (error + 1e-10) * derror
            if factor < 0.2:
                factor, dfactor = 0.2, 0.0
            elif factor > 5.0:
                factor, dfactor = 5.0, 0.0
            h, dh = h * factor, dh * factor + h * dfactor
        return x, dx

    @njit
    def american(s0: float, sigma: float) -> Any:
        strike, rate, dt = 100.0, 0.05, 1.0 / STEPS
        up = math.exp(sigma * dt**0.5)
        dup = up * dt**0.5
        bottom = up - 1.0 / up
        growth, discount = math.exp(rate * dt), math.exp(-rate * dt)
        p = (growth - 1.0 / up) / bottom
        dp = (dup / (up * up) - p * (dup + dup / (up * up))) / bottom
        rise, fall, drise = discount * p, discount * (1.0 - p), discount * dp
        v, by_s, by_sigma = np.empty(STEPS + 1), np.empty(STEPS + 1), np.empty(STEPS + 1)
        ratio, slope = np.empty(2 * STEPS + 1), np.empty(2 * STEPS + 1)
        for i in range(2 * STEPS + 1):
            ratio[i] = up ** (i - STEPS)
            slope[i] = (i - STEPS) * ratio[i] / up * dup
        for i in range(STEPS + 1):
            s = s0 * ratio[2 * i]
            is_in = strike > s
            v[i] = strike - s if is_in else 0.0
            by_s[i] = -ratio[2 * i] if is_in else 0.0
            by_sigma[i] = -s0 * slope[2 * i] if is_in else 0.0
        for step in range(STEPS - 1, -1, -1):
            for i in range(step + 1):
                at = 2 * i - step + STEPS
                kept, now = rise * v[i + 1] + fall * v[i], strike - s0 * ratio[at]
                ds = rise * by_s[i + 1] + fall * by_s[i]
                dsigma = rise * by_sigma[i + 1] + fall * by_sigma[i] + drise * (v[i + 1] - v[i])
                if kept < now:
                    kept, ds, dsigma = now, -ratio[at], -s0 * slope[at]
                v[i], by_s[i], by_sigma[i] = kept, ds, dsigma
        return v[0], (by_s[0], by_sigma[0])

    @njit
    def barrier(s0: float, sigma: float) -> Any:
        dt = 1.0 / len(NORMALS)
        s, by_s0, by_sigma = s0, 1.0, 0.0
        for z in NORMALS:
            factor = math.exp(-0.5 * sigma * sigma * dt + sigma * dt**0.5 * z)
            by_sigma = by_sigma * factor + s * factor * (-sigma * dt + dt**0.5 * z)
            by_s0 *= factor
            s *= factor
            if s < 80.0:
                return 0.0, (0.0, 0.0)
        return (s - 100.0, (by_s0, by_sigma)) if s > 100.0 else (0.0, (0.0, 0.0))

    @njit
    def kalman(q: float, r: float) -> Any:
        level, variance, total = 0.0, 10.0, 0.0
        dl, dv, dt = np.zeros(2), np.zeros(2), np.zeros(2)
        for day in range(len(SERIES)):
            variance += q
            dv[0] += 1.0
            if OBSERVED[day] > 0.0:
                s, off = variance + r, SERIES[day] - level
                gain = variance / s
                for i in range(2):
                    ds = dv[i] + (1.0 if i == 1 else 0.0)
                    doff = -dl[i]
                    dgain = (dv[i] - gain * ds) / s
                    dt[i] -= 0.5 * (ds / s + (2.0 * off * doff - off * off / s * ds) / s)
                    dl[i] += dgain * off + gain * doff
                    dv[i] = (1.0 - gain) * dv[i] - dgain * variance
                total -= 0.5 * (math.log(2.0 * math.pi * s) + off * off / s)
                level += gain * off
                variance *= 1.0 - gain
        return total, (dt[0], dt[1])

    times, data = np.array(TIMES), np.array(DATA)

    @njit
    def levenberg_marquardt(scale: float) -> Any:
        a, b, damping, size = 1.0, 0.5, 1e-2, 1.0
        da, db = 0.0, 0.0  # by scale
        error = 0.0
        for i in range(len(times)):
            error += (math.exp(-0.5 * scale * times[i]) - data[i]) ** 2
        while size > 1e-7:
            aa, ab, bb, ga, gb = 0.0, 0.0, 0.0, 0.0, 0.0
            daa, dab, dbb, dga, dgb = 0.0, 0.0, 0.0, 0.0, 0.0
            for i in range(len(times)):
                t = scale * times[i]
                w = math.exp(-b * t)
                dw = -w * (db * t + b * times[i])
                o, do = a * w - data[i], da * w + a * dw
                d, dd = -a * t * w, -(da * t * w + a * times[i] * w + a * t * dw)
                aa, ab, bb, ga, gb = aa + w * w, ab + w * d, bb + d * d, ga + w * o, gb + d * o
                daa, dab, dbb = daa + 2.0 * w * dw, dab + dw * d + w * dd, dbb + 2.0 * d * dd
                dga, dgb = dga + dw * o + w * do, dgb + dd * o + d * do
            aa, bb, daa, dbb = aa * (1 + damping), bb * (1 + damping), daa * (1 + damping), dbb * (1 + damping)
            det, ddet = aa * bb - ab * ab, daa * bb + aa * dbb - 2.0 * ab * dab
            pa, pb = (ga * bb - gb * ab) / det, (gb * aa - ga * ab) / det
            dpa = (dga * bb + ga * dbb - dgb * ab - gb * dab - pa * ddet) / det
            dpb = (dgb * aa + gb * daa - dga * ab - ga * dab - pb * ddet) / det
            new = 0.0
            for i in range(len(times)):
                new += ((a - pa) * math.exp(-(b - pb) * scale * times[i]) - data[i]) ** 2
            size = abs(pa) + abs(pb)
            if new < error:
                a, b, da, db, damping, error = a - pa, b - pb, da - dpa, db - dpb, damping * 0.1, new
            else:
                damping *= 10.0
                size = size if size < 1e-8 else 1.0
        return b, db

    @njit
    def slopes(x: float, v: float, d: Any, damping: float) -> Any:
        s, c = -math.sin(x), -math.cos(x)
        return v, s - damping * v, d[2], d[3], c * d[0] - damping * d[2], c * d[1] - damping * d[3] - v

    @njit
    def pendulum(theta: float, damping: float) -> Any:
        h = 0.01
        x, v = theta, 0.0
        d = (1.0, 0.0, 0.0, 0.0)  # x by theta, x by damping, v likewise
        for _ in range(1000):
            a1, b1, p1, q1, r1, s1 = slopes(x, v, d, damping)
            u = 0.5 * h
            e = (d[0] + u * p1, d[1] + u * q1, d[2] + u * r1, d[3] + u * s1)
            a2, b2, p2, q2, r2, s2 = slopes(x + u * a1, v + u * b1, e, damping)
            e = (d[0] + u * p2, d[1] + u * q2, d[2] + u * r2, d[3] + u * s2)
            a3, b3, p3, q3, r3, s3 = slopes(x + u * a2, v + u * b2, e, damping)
            e = (d[0] + h * p3, d[1] + h * q3, d[2] + h * r3, d[3] + h * s3)
            a4, b4, p4, q4, r4, s4 = slopes(x + h * a3, v + h * b3, e, damping)
            u = h / 6.0
            x, v = x + u * (a1 + 2.0 * a2 + 2.0 * a3 + a4), v + u * (b1 + 2.0 * b2 + 2.0 * b3 + b4)
            d = (
                d[0] + u * (p1 + 2.0 * p2 + 2.0 * p3 + p4), d[1] + u * (q1 + 2.0 * q2 + 2.0 * q3 + q4),
                d[2] + u * (r1 + 2.0 * r2 + 2.0 * r3 + r4), d[3] + u * (s1 + 2.0 * s2 + 2.0 * s3 + s4),
            )  # fmt: skip
        return x, (d[0], d[1])

    return {
        "newton": newton, "bisection": bisection, "van_der_pol": van_der_pol, "american": american, "barrier": barrier,
        "kalman": kalman, "levenberg_marquardt": levenberg_marquardt, "pendulum": pendulum,
    }  # fmt: skip
