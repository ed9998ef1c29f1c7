"""The field's words in other languages: what each says in English, which the rules read.

A language is spoken where one of its `SURE` words stands, or two of its `HINTS`: only then are its words translated, so
that an English `mit`, `sin` or `rang` keeps its meaning. Accents do not matter. Words are parted by `|`.
"""

from __future__ import annotations

SURE = {
    "es": "una|reentrena|quiero|quisiera|entrenar|entrena|entrenamiento|ajustar|ajusta|afinar|afina|hacer|usando|usa|necesito|puedo|datos|tarjeta|tarjetas|epocas|pasos|aprendizaje|evaluar|cuantizar|cuantiza|servir|"
    "presupuesto|muestras|ejemplos|semilla|horas|dolares|nodos|memoria|guardar|guarda|tamano|lote|dos|tres|cuatro|modelo|hola|favor|gracias|sobre|ninguna|prefiero|desde|hasta|evalua|evaluacion|generar|genera|nada|limite|ajuste|fino|lanza|ejecuta|cinco|seis|ocho|cien|mil|durante|tengo|hazme|dame|haz|cada|muestra|quiere|ninguno|necesitamos|queremos|nuestro|nuestra|maximo",
    "fr": "avec|entrainer|entraine|entrainement|affiner|affinage|ajuster|donnees|epoques|taux|apprentissage|je|nous|voudrais|veux|pour|evaluer|quantifier|servir|deployer|heures|cartes|carte|"
    "noeuds|graine|exemples|deux|trois|quatre|huit|modele|bonjour|merci|stp|svp|jeu|lance|lancer|moins|taille|une|faut|notre|mes|aussi|plutot|finement|generer|genere|reprendre|pendant|durant|chez|pourriez|pourrais|peux|limite|affinez|entrainez|evaluez|cinq|cents|mille|cette|utilise|utiliser|environ|etapes|besoin|prepare|moi|fais|votre|vos|evalue|quantifie|sans",
    "de": "bitte|trainiere|trainieren|feinabstimmen|feinabstimmung|feintuning|nachtrainieren|mochte|ohne|kein|keine|keinen|fur|auf|epochen|schritte|lernrate|bewerte|bewerten|auswerten|quantisiere|quantisieren|"
    "stunden|karten|karte|grafikkarte|knoten|rechner|daten|datensatz|modell|zwei|drei|vier|acht|nicht|wir|ich|unser|unsere|hochstens|stichproben|beispiele|speichern|speichere|starten|reicht|und|einer|einem|einen|stattdessen|statt|feintunen|feintune|finetunen|evaluiere|evaluieren|schritten|sequenzlange|funf|sechs|sieben|neun|hundert|tausend|brauche|habe|haben|kannst|mache|mach|nutze|verwende|jeweils|mir|uber|maximal|quantisiert|trainiert",
    "pt": "quero|queria|treinar|treine|treina|treinamento|treino|ajustar|fazer|usando|preciso|posso|dados|placa|placas|epocas|passos|aprendizado|avaliar|avalie|quantizar|servir|orcamento|amostras|exemplos|"
    "semente|horas|dolares|memoria|salvar|salve|tamanho|lote|dois|duas|tres|quatro|modelo|ola|obrigado|numa|num|com|uma|voce|sem|nao|rodar|pra|gerar|gere|maquina|avalia|roda|rode|ajusta|fino|limite|ajuste|cinco|seis|oito|mil|durante|tenho|faca|cada|quantiza|treinem|nosso|nossa|maximo|precisamos|queremos",
}
HINTS = {
    "es": "con|en|el|la|los|las|una|un|para|por|mi|del|y|que|como|al|no|o|de|sin",
    "fr": "sur|dans|en|le|la|les|un|des|du|et|sans|mon|ma|est|par|au|rang|chez|de|aux|a",
    "de": "mit|der|die|das|ein|eine|im|zu|von|bei|den|dem|als|oder|aus|am|ist|wenn",
    "pt": "em|os|um|para|por|meu|minha|da|na|nos|que|como|ou|e|no|o|as|ao|de|nas|num|numa",
}
ENGLISH = (
    "maximum|budget|minute|minutes|machine|machines|questions|passes|adapter|laptop|notebook|training|total|complete|corpus|portable|affine|rang|rank|inference|evaluation|accumulation|"
    "dollar|dollars|euro|euros|spot|minima|distiller|posto|iterations"
)
"""Words of the tables that are English too."""
WORDS = {
    "es": {
        "with": "con|usando|mediante", "on": "en|sobre", "in my": "en mi", "for": "para", "by": "por", "and": "y", "or": "o", "my": "mi|mis", "the": "el|la|los|las", "of": "de|del", "from": "desde",
        "without": "sin|sin usar|sin nada de|nada de", "no": "ninguna|ningun|tampoco", "do not use": "no uses|no usar|no quiero|no utilices", "instead of": "en vez de|en lugar de",
        "a": "un|una|una sola|un solo|una unica", "two": "dos", "three": "tres", "four": "cuatro", "five": "cinco", "six": "seis", "eight": "ocho", "ten": "diez",
        "finetune": "ajusta|ajustar|reentrena|ajuste fino de|ajuste fino|afinar|afina|reentrenar", "train": "entrenar|entrena|entrenamiento|entrenando|entrene", "fine-tuning": "ajuste", "full finetune": "ajuste completo|entrenamiento completo|fine tuning completo|ajuste fino completo",
        "full": "completo|completa", "continued pretraining": "preentrenamiento continuo|preentrenamiento continuado", "pretrain": "preentrenar|preentrenamiento|preentrena",
        "evaluate": "evalua|evaluar|evaluacion|evaluacion de", "serve": "sirve|servir|desplegar|despliega|poner en produccion", "inference": "inferencia", "quantize": "cuantizar|cuantiza|cuantizacion|cuantificar|comprimir",
        "judge": "juez|como juez|juzga|juzgar", "synthesize": "sintetizar|sintetiza", "generate": "generar|genera", "generate responses": "generar respuestas|genera respuestas|generar las respuestas", "synthetic": "sinteticos|sinteticas|sintetico", "hyperparameter search": "busqueda de hiperparametros", "hyperparameters": "hiperparametros",
        "distill": "destilar|destila|destilacion", "teacher": "maestro|profesor", "student": "alumno|estudiante",
        "epochs": "epoca|epocas|vueltas", "steps": "paso|pasos|iteraciones", "hours": "hora|horas", "days": "dia|dias", "minutes": "minuto|minutos", "dollars": "dolar|dolares", "euros": "euro|euros",
        "learning rate": "tasa de aprendizaje|ritmo de aprendizaje|velocidad de aprendizaje|factor de aprendizaje", "batch size": "tamano de lote|tamano del lote|lote|lotes de|batch de|tamano de batch", "global batch size": "lote global|lote total|lote efectivo|tamano de lote global|batch global",
        "per gpu": "por gpu|por tarjeta|por dispositivo|por grafica", "sequence length": "longitud de secuencia|largo de secuencia|longitud maxima|secuencias de|longitud", "context": "contexto|ventana de contexto|contexto de", "rank": "rango", "seed": "semilla",
        "gradient accumulation": "acumulacion de gradiente|acumulacion de gradientes|acumulacion", "warmup steps": "pasos de calentamiento", "samples": "muestras", "questions": "preguntas", "zero-shot": "cero ejemplos|sin ejemplos", "shots": "ejemplos en contexto",
        "cards": "tarjetas|graficas|placas", "card": "tarjeta|grafica|placa|tarjeta grafica", "nodes": "nodos", "node": "nodo", "machines": "maquinas", "machine": "maquina", "each": "cada uno|cada una", "memory": "memoria", "laptop": "portatil",
        "data": "datos|datos de|datos en", "dataset": "conjunto de datos", "save to": "guarda en|guardar en|guardalo en|guardando en|guarda todo en|salida en", "run name": "nombre de la ejecucion|nombre", "from scratch": "desde cero", "model": "modelo", "cloud": "nube",
        "at most": "como maximo|como mucho|maximo|hasta", "max": "max", "less than": "menos de", "in less than": "en menos de", "budget": "presupuesto|presupuesto de", "spot": "spot|instancias spot|instancia spot", "fast": "rapido",
        "as fast as possible": "lo mas rapido posible|lo mas rapido que se pueda|cuanto antes", "minimum memory": "minima memoria|poca memoria", "best quality": "mejor calidad|la mejor calidad", "no wait": "no espera|perdon|digo|mejor dicho|quise decir", "adapter": "adaptador", "resume from": "reanudar desde|reanuda desde|continuar desde", "please": "por favor", "can": "puedo|puede", "run": "correr|corre|corra|ejecutar|ejecuta|lanzar|lanza|haz", "only": "solo|solamente|unicamente", "resume": "reanuda|reanudar",
        "limit": "limite de|limite|limita a|limitado a|tope de", "a pair of": "par de|un par de", "seven": "siete", "nine": "nueve", "twelve": "doce", "sixteen": "dieciseis", "20": "veinte", "50": "cincuenta", "100": "cien", "200": "doscientos|doscientas", "500": "quinientos|quinientas", "thousand": "mil", "examples": "ejemplos", "answers": "respuestas", "reduce to": "reduce a", "all the weights": "todos los pesos|todos los parametros",
    },
    "fr": {
        "with": "avec|en utilisant", "on": "sur", "in": "dans|en", "for": "pour", "by": "par", "and": "et", "or": "ou", "my": "mon|ma|mes", "our": "notre|nos", "the": "le|la|les", "of": "de|du|des|d", "from": "depuis",
        "without": "sans|sans utiliser|pas de|surtout pas de", "do not use": "n utilise pas|ne pas utiliser|je ne veux pas de|je ne veux pas", "instead of": "au lieu de|plutot que",
        "a": "un|une|une seule|un seul", "two": "deux", "three": "trois", "four": "quatre", "five": "cinq", "six": "six", "eight": "huit", "ten": "dix",
        "finetune": "affiner|affine|ajuster|ajuste|peaufiner|fine tuner|finetuner|specialiser", "fine-tuning": "affinage|ajustement|reglage fin", "train": "entrainer|entraine|entrainement|entrainez", "full finetune": "entrainement complet|fine tuning complet|ajustement complet|finetuning complet|affinage complet",
        "full": "complet|complete", "continued pretraining": "preentrainement continu|pre entrainement continu", "pretrain": "preentrainer|preentrainement|pre entrainement|pre entrainer",
        "evaluate": "evaluer|evalue|evaluation|evaluez", "serve": "sers|servir|sert|deployer|deploie|heberger|mettre en service", "inference": "inference", "quantize": "quantifier|quantifie|quantification|quantiser|quantise|compresser",
        "judge": "juge|juger", "synthesize": "synthetiser", "generate": "generer|genere", "generate responses": "generer des reponses|generer les reponses|genere des reponses|genere les reponses", "synthetic": "synthetiques|synthetique", "hyperparameter search": "recherche d hyperparametres", "hyperparameters": "hyperparametres",
        "distill": "distiller|distille", "teacher": "maitre|professeur|enseignant", "student": "eleve|etudiant",
        "epochs": "epoque|epoques|passes", "steps": "pas|etapes|iterations", "hours": "heure|heures", "days": "jour|jours", "minutes": "minute|minutes", "dollars": "dollar|dollars", "euros": "euro|euros",
        "learning rate": "taux d apprentissage|pas d apprentissage", "batch size": "taille de lot|taille de batch|taille du lot|lot de|lots de|batch de", "global batch size": "taille de lot globale|lot global|batch global|taille de batch globale|lot effectif",
        "per gpu": "par gpu|par carte", "sequence length": "longueur de sequence|longueur de sequences|longueur max|longueur maximale|longueur|sequences de", "context": "contexte|fenetre de contexte|contexte de", "rank": "rang", "seed": "graine",
        "gradient accumulation": "accumulation de gradient|accumulation de gradients|accumulation du gradient", "warmup steps": "pas de chauffe", "samples": "echantillons", "questions": "questions", "zero-shot": "zero exemple|sans exemple|zero exemples", "shots": "exemples en contexte",
        "cards": "cartes|cartes graphiques", "card": "carte|carte graphique", "nodes": "noeuds|nœuds", "node": "noeud|nœud", "machines": "machines", "machine": "machine", "each": "chacun|chacune|chaque", "memory": "memoire", "laptop": "portable|ordinateur portable",
        "data": "donnees|donnees de", "dataset": "jeu de donnees|corpus", "save to": "enregistre dans|enregistrer dans|sauvegarde dans|sauvegarder dans|sortie dans|ecrire dans", "run name": "nom du run|nom de l execution", "from scratch": "a partir de zero|de zero", "model": "modele", "cloud": "nuage",
        "at most": "au plus|au maximum|maximum|maxi|max|jusqu a", "less than": "moins de", "in less than": "en moins de", "budget": "budget|budget de", "fast": "vite",
        "as fast as possible": "le plus vite possible|aussi vite que possible", "minimum memory": "le moins de memoire possible|minimum de memoire", "best quality": "meilleure qualite|la meilleure qualite", "no wait": "non pardon|pardon|non attends|attends|non plutot|enfin non|je veux dire", "adapter": "adaptateur", "resume from": "reprendre depuis|reprends depuis|reprendre a partir de", "please": "s il te plait|s il vous plait|stp|svp", "run": "lancer|lance|tourner|faire tourner|execute|executer", "only": "seulement|uniquement", "resume": "reprends|reprendre|reprise",
        "limit": "limite de|limite a|limitee a|limite", "a pair of": "paire de|une paire de", "seven": "sept", "nine": "neuf", "twelve": "douze", "sixteen": "seize", "20": "vingt", "50": "cinquante", "100": "cent", "200": "deux cents", "500": "cinq cents", "thousand": "mille", "examples": "exemples", "during": "pendant|durant", "at": "chez", "all the weights": "tous les poids|tous les parametres",
    },
    "de": {
        "with": "mit|mithilfe von", "on": "auf", "for": "fur", "by": "von", "and": "und", "or": "oder", "my": "mein|meine|meiner|meinem|meinen", "our": "unser|unsere|unserem|unseren|unserer", "the": "der|die|das|dem|den", "of": "von|des", "from": "aus|von",
        "no": "kein|keine|keinen|keinem", "without": "ohne|nicht mit", "not": "nicht", "instead of": "statt|anstatt|anstelle von",
        "a": "ein|eine|einer|einem|einen|einzelne|einzelnen|einzige|einzigen", "two": "zwei|beide|beiden", "three": "drei", "four": "vier", "five": "funf", "six": "sechs", "eight": "acht", "ten": "zehn",
        "finetune": "feinabstimmen|feinabstimmung|feintuning|feinjustieren|feintunen|finetunen|anpassen|nachtrainieren|verfeinern", "train": "trainieren|trainiere|trainiert|training", "full finetune": "volles finetuning|volles fine tuning|vollstandiges finetuning|vollstandiges training|volles training|vollstandig trainieren|komplett trainieren|vollstandig feinabstimmen|vollstandig nachtrainieren",
        "full": "voll|vollstandig|vollstandiges|volles|komplett", "continued pretraining": "weiteres vortraining|fortgesetztes vortraining", "pretrain": "vortraining|vortrainieren",
        "evaluate": "bewerte|bewerten|bewertung|auswerten|evaluiere|evaluieren|testen auf|auswertung", "serve": "bereitstellen|bereitstellung|servieren|hosten|ausliefern|server starten|als server|ausrollen|betreiben", "inference": "inferenz", "quantize": "quantisiere|quantisieren|quantisierung|quantisiert|komprimieren|komprimiere",
        "judge": "richter|als richter|gutachter|beurteile|beurteilen", "synthesize": "synthetisiere|synthetisieren", "generate responses": "antworten generieren|antworten erzeugen|erzeuge antworten|generiere antworten", "generate": "erzeuge|erzeugen|generiere|generieren|erstelle", "synthetic": "synthetische|synthetischen|kunstliche", "hyperparameter search": "hyperparametersuche|hyperparameter suche", "hyperparameters": "hyperparameter",
        "distill": "destilliere|destillieren|destillation", "teacher": "lehrer", "student": "schuler",
        "epochs": "epoche|epochen|durchlaufe", "steps": "schritt|schritte|schritten|trainingsschritte", "hours": "stunde|stunden", "days": "tag|tage|tagen", "minutes": "minute|minuten", "dollars": "dollar", "euros": "euro",
        "learning rate": "lernrate", "batch size": "batchgrosse|batch grosse|stapelgrosse|losgrosse", "global batch size": "globale batchgrosse|globale batch grosse|gesamte batchgrosse|effektive batchgrosse|globaler batch",
        "per gpu": "pro gpu|je gpu|pro karte|je karte", "sequence length": "sequenzlange|sequenz lange|kontextlange|maximale lange|sequenzen der lange", "context": "kontext|kontextfenster", "rank": "rang", "seed": "startwert|zufallszahl",
        "gradient accumulation": "gradientenakkumulation|gradienten akkumulation|akkumulation", "warmup steps": "aufwarmschritte", "samples": "stichproben|proben", "questions": "fragen", "zero-shot": "ohne beispiele|null beispiele", "shots": "beispiele im kontext",
        "cards": "karten|grafikkarten", "card": "karte|grafikkarte", "nodes": "knoten", "machines": "rechner|maschinen", "each": "je|jeweils|pro knoten", "memory": "speicher|grafikspeicher", "laptop": "laptop|notebook",
        "data": "daten|daten in|daten aus", "dataset": "datensatz|datensatz ist", "save to": "speichern in|speichere in|speichern unter|ablegen in|ausgabe in|ausgabe nach", "run name": "laufname|name des laufs", "from scratch": "von null|von grund auf", "model": "modell", "cloud": "wolke",
        "at most": "hochstens|maximal|maximum|bis zu", "less than": "weniger als|unter", "in less than": "in weniger als|in unter", "within": "innerhalb von", "budget": "budget|budget von", "fast": "schnell",
        "as fast as possible": "so schnell wie moglich|moglichst schnell", "minimum memory": "moglichst wenig speicher|wenig speicher", "best quality": "beste qualitat|bestmogliche qualitat", "no wait": "nein warte|nein moment|quatsch|ich meine|ach nein|nein doch|korrektur", "adapter": "adapter", "resume from": "fortsetzen ab|weitermachen ab|fortsetzen von", "please": "bitte", "can": "kann|konnte", "run": "laufen|ausfuhren|laufen lassen", "only": "nur", "resume": "fortsetzen|weiterfuhren|weitertrainieren", "start": "starten|starte", "is enough": "reicht",
        "limit": "limit von|begrenzt auf|begrenze auf|beschrankt auf", "seven": "sieben", "nine": "neun", "twelve": "zwolf", "sixteen": "sechzehn", "20": "zwanzig", "50": "funfzig", "100": "hundert|einhundert", "200": "zweihundert", "500": "funfhundert", "1000": "eintausend", "2000": "zweitausend", "thousand": "tausend", "examples": "beispiele|beispielen", "all the weights": "alle gewichte|alle parameter|samtliche gewichte",
    },
    "pt": {
        "with": "com|usando", "on": "em|no|na|nos|nas", "on a": "num|numa", "for": "para|pra|pro", "by": "por", "and": "e", "or": "ou", "my": "meu|minha|meus|minhas", "our": "nosso|nossa", "the": "o|a|os|as", "of": "de|do|da|dos|das", "from": "desde|a partir de",
        "without": "sem|sem usar|nada de", "no": "nenhuma|nenhum", "not": "nao", "do not use": "nao use|nao usar|nao quero|nao utilize", "instead of": "em vez de|em lugar de|ao inves de",
        "a": "um|uma|uma unica|um unico|uma so", "two": "dois|duas", "three": "tres", "four": "quatro", "five": "cinco", "six": "seis", "eight": "oito", "ten": "dez",
        "finetune": "ajustar|ajuste|ajusta|afinar|ajuste fino|ajuste fino de|refinar", "train": "treinar|treine|treina|treinamento|treino", "full finetune": "ajuste completo|treinamento completo|treino completo|fine tuning completo|ajuste fino completo",
        "full": "completo|completa", "continued pretraining": "pre treinamento continuado|pre treino continuado|pretreinamento continuado", "pretrain": "pre treinar|pre treinamento|pre treino|pretreinar|pretreinamento",
        "evaluate": "avalia|avaliar|avalie|avaliacao", "serve": "servir|sirva|sirve|implantar|hospedar|subir", "inference": "inferencia", "quantize": "quantizar|quantize|quantizacao|comprimir|quantiza",
        "judge": "juiz|julgar|julgue", "synthesize": "sintetizar|sintetize", "generate": "gerar|gere", "generate responses": "gerar respostas|gere respostas|gerar as respostas", "synthetic": "sinteticos|sinteticas|sintetico", "hyperparameter search": "busca de hiperparametros", "hyperparameters": "hiperparametros",
        "distill": "destilar|destile|destilacao", "teacher": "professor", "student": "aluno|estudante",
        "epochs": "epoca|epocas", "steps": "passo|passos|iteracoes", "hours": "hora|horas", "days": "dia|dias", "minutes": "minuto|minutos", "dollars": "dolar|dolares", "euros": "euro|euros",
        "learning rate": "taxa de aprendizado|taxa de aprendizagem", "batch size": "tamanho de lote|tamanho do lote|lote|lote de|batch de|tamanho de batch|tamanho do batch", "global batch size": "lote global|lote total|batch global|lote efetivo|tamanho de lote global",
        "per gpu": "por gpu|por placa|por dispositivo", "sequence length": "comprimento de sequencia|comprimento da sequencia|tamanho da sequencia|comprimento maximo|sequencias de", "context": "contexto|janela de contexto|contexto de", "rank": "posto|rank", "seed": "semente",
        "gradient accumulation": "acumulacao de gradiente|acumulacao de gradientes|acumulacao", "warmup steps": "passos de aquecimento", "samples": "amostras", "questions": "perguntas|questoes", "zero-shot": "zero exemplos|sem exemplos", "shots": "exemplos no contexto",
        "cards": "placas|placas de video", "card": "placa|placa de video", "nodes": "nodos|nós", "machines": "maquinas", "machine": "maquina", "each": "cada|cada um|cada uma", "memory": "memoria", "laptop": "notebook",
        "data": "dados|dados em|dados de", "dataset": "conjunto de dados", "save to": "salvar em|salve em|salva em|guardar em|saida em", "run name": "nome da execucao", "from scratch": "do zero", "model": "modelo", "cloud": "nuvem",
        "at most": "no maximo|maximo|ate", "less than": "menos de", "in less than": "em menos de", "budget": "orcamento|orcamento de", "fast": "rapido", "spot": "instancias spot",
        "as fast as possible": "o mais rapido possivel", "minimum memory": "o minimo de memoria|pouca memoria", "best quality": "melhor qualidade|a melhor qualidade", "no wait": "nao espera|perdao|desculpa|digo|ou melhor|quer dizer", "adapter": "adaptador", "resume from": "retomar de|continuar de|retomar a partir de", "please": "por favor", "can": "posso|pode|da pra", "run": "rodar|roda|rode|executar|execute|faca", "only": "apenas|somente|so", "resume": "retomar|retome|retoma",
        "limit": "limite de|limite|limitado a|limita a", "a pair of": "par de|um par de", "seven": "sete", "nine": "nove", "twelve": "doze", "sixteen": "dezesseis", "20": "vinte", "50": "cinquenta", "100": "cem", "200": "duzentos|duzentas", "500": "quinhentos|quinhentas", "thousand": "mil", "examples": "exemplos", "all the weights": "todos os pesos|todos os parametros",
    },
}  # fmt: skip
"""Language → {what the rules read: how it is said}."""
