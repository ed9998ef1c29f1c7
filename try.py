import sys
from assistant.builder import respond
from assistant.reader import read
from assistant.llm.facts import plan_facts, facts_text
from assistant.llm.fact_claims import fault
def out(l):
    r=read(l); return respond(r.intent,notes=r.notes,conflicts=r.conflicts,unread=r.unread,request=l)
P={"lora":"lora llama3 on 2 A100s","qlora":"qlora qwen3 8b on a 4090","nofit":"full finetune llama 3.1 8b on a 4090","fsdp":"full finetune llama 3.1 8b on 4 A100","off":"full finetune llama 3.3 70b on 8 H100"}
F={k:plan_facts(out(v)) for k,v in P.items()}
if __name__=='__main__':
    for k in F:
        t=facts_text(F[k]); print(k,len(t)); print(t); print()
    import tiktoken
