"""Words and phrases that say something about a task, by group. English, and the commonest Vietnamese.

Written by hand in 2026-11 from general knowledge of the language; no data set was read for it. Entries are
lower case, separated by commas; a phrase is matched word by word after punctuation has been dropped, so "step
by step" fits "Step-by-step". Inflections are spelled out: a stemmer would be slower and would surprise.
"""

from typing import NamedTuple

GROUPS = {
    # --- signs of an easy task ---
    "greeting": """
        hello, hi, hey, hi there, good morning, good evening, good night, thanks, thank you, bye, goodbye,
        how are you, nice to meet you, you're welcome, see you, cheers, xin chào, chào bạn, cảm ơn, cám
        ơn, tạm biệt, khỏe không""",
    "fact_head": """
        what is the, what's the, what are the, what does, what do, what color, what colour, what language,
        what time, what year, what day, who is, who was, who wrote, who painted, who invented, who
        discovered, who, when did, when was, when is, where is, where are, where was, where, how many, how
        tall, how old, how far, how big, how long is, how do you say, which is, which city, which country,
        which of these, is it, là gì, là ai, ai là, ở đâu, khi nào, bao nhiêu, năm nào, mấy""",
    "translate": "translate, translation, how do you say, dịch sang, dịch câu, dịch",
    "classify": """
        classify, categorize, categorise, label, sentiment, positive or negative, is this spam, spam,
        which category, true or false, yes or no, answer yes, detect the language, is the following, does
        this text, odd one out, tích cực hay tiêu cực, tích cực, phân loại, đúng hay sai""",
    "extract": """
        extract, pull out, list the names, find the date, find the phone, find the email, email address,
        phone number, mentioned here, mentioned in, in this text, trích xuất, tìm số điện thoại, liệt kê
        tên""",
    "rewrite": """
        rewrite, rephrase, reword, paraphrase, fix the grammar, correct the grammar, fix the spelling,
        correct the spelling, proofread, make this shorter, shorten, more polite, more formal, past tense,
        change this to, title case, upper case, uppercase, lower case, lowercase, viết lại, sửa lỗi, lịch
        sự hơn, chính tả, ngữ pháp""",
    "define": """
        define, definition of, synonym, antonym, opposite of, plural of, meaning of, mean, stand for,
        spell, abbreviation, symbol for, nghĩa là gì, từ đồng nghĩa, trái nghĩa""",
    "convert": """
        convert, sort these, alphabetically, bullet points, remove the duplicates, remove duplicates, turn
        this, chuyển đổi, sắp xếp""",
    "small_text": """
        title for, names for, a joke, birthday message, one sentence, in a sentence, in one sentence, two
        sentence, one line, short message, thank you note, summarize, summarise, summary, tl dr, tldr,
        slogan, caption, polite reply, complete the sentence, suggest a name, tóm tắt, kể chuyện cười, một
        câu""",
    # --- code ---
    "code_noun": """
        python, javascript, typescript, java, rust, golang, sql, html, css, react, django, flask, bash,
        kotlin, swift, php, ruby, haskell, scala, cuda, assembly, function, functions, method, class,
        classes, api, endpoint, regex, regular expression, algorithm, data structure, linked list, binary
        tree, hash map, script, code, codebase, program, compiler, query, database, schema, index,
        indexes, table, thread, threads, async, asyncio, await, mutex, lock, pointer, struct, array,
        recursion, recursive, iterative, loop, unit test, unit tests, tests, repository, repo, pull
        request, diff, patch, commit, merge, branch, git, docker, kubernetes, pods, terraform, pipeline,
        ci, deploy, server, microservice, microservices, redis, postgres, postgresql, sqlite, kafka, grpc,
        component, module, package, dependency, dependencies, library, framework, kernel, cache, json,
        yaml, cluster, heap, lập trình, hàm, thuật toán, mã nguồn, chương trình, cơ sở dữ liệu""",
    "build": """
        implement, implementing, refactor, refactoring, debug, debugging, optimize, optimise, optimizing,
        port, migrate, migration, write a function, write a program, write a script, write code, write a
        query, write tests, build, build a, create a class, fix, fix the, fix this, reverse engineer,
        vectorize, parallelize, set up, configure, rewrite it in, review this, unit test, viết một hàm,
        viết hàm, viết chương trình, gỡ lỗi, tối ưu, sửa mã""",
    "fault": """
        traceback, exception, stack trace, segfault, segmentation fault, crash, crashes, crashing, hangs,
        deadlock, race condition, memory leak, leak, leaks, oom, undefined, null pointer, typeerror,
        keyerror, valueerror, error, errors, fails, failing, bug, bugs, timeout, regression, restart,
        slow, bị lỗi, lỗi""",
    "complexity": """
        complexity, big o, o n, log n, logarithmic, concurrent, concurrency, distributed, thread safe,
        latency, throughput, scalable, scalability, consistency, serializability, isolation, idempotent,
        consensus, bandwidth, downtime, backtrack, terminate, terminates, invariant, độ phức tạp, đồng
        thời, phân tán""",
    # --- mathematics and logic ---
    "proof": """
        prove, prove that, proof, proofs, disprove, show that, derive, derivation, theorem, lemma,
        corollary, justify, formally, rigorous, counterexample, by induction, by contradiction, if and
        only if, argue that, irrational, chứng minh, định lý, phản chứng, quy nạp""",
    "maths": """
        integral, integrate, derivative, differentiate, differential, equation, equations, polynomial,
        matrix, matrices, eigenvalue, eigenvalues, eigenvectors, vector, probability, expected value,
        variance, distribution, converge, converges, convergence, sequence, series, limit of, infinite,
        infinity, modulo, congruent, prime, primes, integer, integers, continuous, bounded, monotone,
        logarithm, triangle, perimeter, permutation, permutations, combinatorics, closed form, recurrence,
        solve for, solve, compute, calculate, determine whether, solutions of, maximum, minimum, minimize,
        maximize, median, function f, let f, let x, let g, phương trình, tích phân, đạo hàm, xác suất, ma
        trận, tính tổng, giải bài, hình học, giải""",
    "quantity": """
        twice, thrice, half, third, quarter, double, triple, dozen, per, each, every, remaining, left
        over, total, altogether, in total, times as many, as many, as much, more than, fewer than, less
        than, percent, percentage, average, ratio, discount, interest, speed, km h, mph, per hour, an
        hour, a day, per day, a week, apart, splits, equally, earns, pays, costs, spends, change, how long
        does it take, gấp đôi, mỗi, tổng cộng, trung bình""",
    "logic": """
        puzzle, riddle, knight, knave, liar, tells the truth, always lies, counterfeit, weighings, in a
        row, clues, does it follow, it follows, fallacy, fallacies, premise, premises, syllogism, deduce,
        valid argument, exactly one, either, câu đố, suy luận""",
    # --- long or many-sided work ---
    "analysis": """
        analyze, analyse, analyzing, analysis, compare, comparing, contrast, evaluate, assess, critique,
        critically, critical, critical essay, examine, investigate, diagnose, interpret, trade offs,
        tradeoffs, pros and cons, implications, hypotheses, hypothesis, experiments, experiment,
        reconstruct, counter arguments, arguments, causes of, find the cause, find out why, root cause,
        contradict, synthesize, propose, how far, phân tích, so sánh, đánh giá, nguyên nhân, hậu quả""",
    "planning": """
        plan, plan a, schedule, roadmap, strategy, itinerary, design, design a, architect, architecture,
        develop a, develop, study plan, business plan, go to market, organize, organise, allocate,
        prioritize, timeline, curriculum, create a plan, lập kế hoạch, kế hoạch, chiến lược, thiết kế""",
    "limits": """
        must, must not, at most, at least, no more than, not more than, without, only if, cannot, exactly,
        constraint, constraints, subject to, budget, deadline, within, nobody, never, given that, so that,
        except, unless, provided that, keep, unchanged, excludes, capped, không quá, ít nhất, nhiều nhất,
        ngân sách, với vốn""",
    "steps": """
        step by step, each step, every step, show your work, show your working, and then, after that,
        finally, first, second, third, next, and explain, explain why, and why, and justify, list every,
        and suggest, and propose, and how, and argue, roll back, từng bước, giải thích vì sao""",
    "deep": """
        why, how does, how would, how do i, explain, explain how, explain why, what would happen, reason,
        reasoning, mechanism, difference between, vì sao, tại sao, giải thích, như thế nào""",
    "long_output": """
        essay, report, chapter, novel, detailed, in detail, comprehensive, in depth, thorough, thesis,
        white paper, whitepaper, proposal, dissertation, research paper, literature review, words on, full
        draft, short story, screenplay, bài luận, báo cáo, chi tiết""",
    # --- fields in which a wrong answer is dear ---
    "law": """
        law, legal, contract, contracts, clause, liability, liable, lease, tenant, landlord, lawsuit, sue,
        court, statute, gdpr, breach, indemnification, indemnity, negligence, jurisdiction, plaintiff,
        defendant, copyright, patent, infringement, licence, license, compliance, regulation, rights,
        obligation, obligations, tax, taxed, pháp luật, luật, hợp đồng, tòa án, chấm dứt""",
    "medicine": """
        patient, patients, diagnosis, diagnoses, differential, symptom, symptoms, fever, rash, dose,
        dosage, mg, antibiotic, warfarin, pregnant, pregnancy, allergy, treatment, therapy, disease,
        cancer, diabetes, chronic, acute, presents with, blood pressure, surgery, drug, medication,
        prescribe, clinical, renal, haematuria, hematuria, year old man, year old woman, bệnh nhân, triệu
        chứng, chẩn đoán, điều trị, thuốc, bệnh""",
    "science": """
        entropy, quantum, thermodynamic, thermodynamics, equilibrium, buffer, mol, ph, friction, incline,
        acceleration, velocity, momentum, circuit, voltage, relativity, enzyme, protein, genome, molecule,
        neural, transformer, transformers, gradient, embeddings, bayesian, regression analysis,
        statistics, statistical, selection bias, heat equation, research design""",
    "finance": """
        net present value, npv, discount rate, option, volatility, strike, portfolio, valuation, monetary,
        fiscal, inflation, derivatives, hedge, amortization, cash flow, balance sheet, churn, pricing,
        startup, economics, macroeconomics, lạm phát, tài chính, kinh doanh""",
    "security": """
        vulnerability, vulnerabilities, exploit, encryption, cryptography, authentication, threat model,
        security, attack, malware, penetration test, bảo mật""",
    # --- a last message that means nothing without what stands before it ---
    "go_on": """
        do it, do that, go ahead, continue, go on, keep going, commit it, commit, push it, merge it, apply
        it, ship it, run it, try again, again, fix it, proceed, next, now, yes, ok, okay, sure, please do,
        the same for, làm đi, làm tiếp, tiếp tục, tiếp đi""",
    # --- known, and neutral: shows only that the language is understood ---
    "plain_en": """
        the, a, an, of, to, in, is, are, was, were, be, been, and, or, not, it, its, this, that, these,
        those, for, on, at, by, with, from, as, if, then, than, but, so, do, does, did, have, has, had, i,
        you, he, she, we, they, me, my, your, his, her, our, their, us, them, can, could, will, would,
        should, may, might, what, which, when, how, write, give, make, tell, name, find, list, please,
        show, use, say, send, take, get, go, know, need, want, there, here, about, into, after, before,
        between, many, much, some, any, all, one, two, three, no, word, words, sentence, text, question,
        answer, following, short, good, new, like, just, also, more, most, up, out, i'm, don't, it's,
        let's, let, both, whether""",
    "plain_vi": """
        là, của, và, có, không, một, các, những, cho, với, trong, này, đó, được, tôi, bạn, từ, để, khi,
        gì, nào, hay, hoặc, thì, mà, đã, sẽ, đang, rất, ở, ra, vào, về, theo, như, câu, viết, hãy, xin,
        tìm, năm, nước, người, làm, hai, ba, nên, dùng, luôn""",
}


class Entry(NamedTuple):
    """The rest of a phrase after its first word, and the group that it counts for."""

    tail: list[str]
    group: str


def _index(groups: tuple[str, ...]) -> dict[str, tuple[Entry, ...]]:
    """First word -> entries, the longest first. Built once at import; read only."""
    index: dict[str, list[Entry]] = {}
    for group in groups:
        for phrase in GROUPS[group].split(","):
            first, *tail = phrase.split()
            index.setdefault(first, []).append(Entry(tail, group))
    return {word: tuple(sorted(found, key=lambda entry: -len(entry.tail))) for word, found in index.items()}


TELLING = tuple(group for group in GROUPS if not group.startswith("plain_"))
LEXICON = _index(TELLING)
KNOWN = frozenset(word for text in GROUPS.values() for word in text.replace(",", " ").split())
